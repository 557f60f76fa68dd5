#!/bin/sh
# Applies main.tf to the mock server: mockrds run -- sh apply.sh
set -eu

control="$MOCKRDS_URL/__mockrds/projects/$MOCKRDS_PROJECT_ID"

# Asks the control API; the token is demanded only where other machines can reach the server.
ask() {
  curl --silent --show-error --fail ${MOCKRDS_CA:+--cacert "$MOCKRDS_CA"} \
    --header "Content-Type: application/json" --header "X-Mockrds-Token: ${MOCKRDS_CONTROL_TOKEN:-}" "$@"
  echo
}

mockrds env --format terraform > provider.tf
terraform init -input=false

# The first backup's answer is slow.
ask "$control/faults" --data '{"operation": "create_manual_backup", "latency": "500ms", "times": 1}'
terraform apply -input=false -auto-approve -var "instance_id=$MOCKRDS_INSTANCE_ID"

# An hour later the backup is complete, and there is nothing to change.
ask "$control/clock/advance" --data '{"by": "1h"}'
terraform plan -input=false -detailed-exitcode -var "instance_id=$MOCKRDS_INSTANCE_ID"

# One backup was asked for, and no more.
ask "$control/journal/verify" --data '{"operation": "create_manual_backup", "times": 1}' | grep '"verified":true'

# What happened, in numbers.
ask "$control/summary" --output summary.json
