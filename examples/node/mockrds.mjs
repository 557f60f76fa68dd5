// Projects of their own on the mock server, for tests: none sees what another does, so they may run at the same time.

import assert from "node:assert/strict";

// Where the server is: "mockrds run" sets it, and so does "mockrds env".
const url = process.env.MOCKRDS_URL;
assert.ok(url, "run it as: mockrds run -- node --test");

/** Makes a project. */
export async function newCloud() {
  const { id, token } = await control("POST", "projects", {});
  const { instances } = await control("GET", `projects/${id}/state`);
  return {
    url,
    id,
    token,
    instance: instances[0].node_id,
    /** Lets something go wrong, in the words of a scenario file. */
    arm: (fault) => control("POST", `projects/${id}/faults`, fault),
    /** Moves the clock that backups are made by. */
    advance: (by) => control("POST", `projects/${id}/clock/advance`, { by }),
    /** Fails unless the operation was called so often. */
    async called(operation, times) {
      const verification = await control("POST", `projects/${id}/journal/verify`, { operation, times });
      assert.ok(verification.verified, verification.message);
    },
  };
}

async function control(method, resource, body) {
  const response = await fetch(`${url}/__mockrds/${resource}`, {
    method,
    headers: {
      "Content-Type": "application/json",
      "X-Mockrds-Token": process.env.MOCKRDS_CONTROL_TOKEN ?? "", // only where other machines can reach the server
    },
    body: body && JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${resource}: ${response.status}`);
  return response.json();
}
