-- wrk's requests: POST a backup, each with a name of its own. Arguments: path, node id, prefix of the names.
local path, before, after
local count = 0
local headers = {["Content-Type"] = "application/json", ["X-Auth-Token"] = "any"}

function init(arguments)
  path = arguments[1]
  before = '{"backup": {"name": "' .. arguments[3] .. "-"
  after = '", "instance": "' .. arguments[2] .. '", "description": "My Backup"}}'
end

function request()
  count = count + 1
  return wrk.format("POST", path, headers, before .. count .. after)
end
