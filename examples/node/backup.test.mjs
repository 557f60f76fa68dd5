import assert from "node:assert/strict";
import { test } from "node:test";

import { Client } from "./backup.mjs";
import { newCloud } from "./mockrds.mjs";

test("a backup completes", async () => {
  const cloud = await newCloud();
  const client = new Client(cloud);

  await client.create(cloud.instance, "nightly");
  await cloud.advance("1h");

  assert.deepEqual((await client.list()).map(({ name, status }) => [name, status]), [["nightly", "COMPLETED"]]);
});

test("a busy instance is asked again", async () => {
  const cloud = await newCloud();
  await cloud.arm({ operation: "create_manual_backup", error: "RDS.0011", times: 2 });

  await new Client(cloud, 1).create(cloud.instance, "nightly");

  await cloud.called("create_manual_backup", 3);
});

test("a lost answer makes no second backup", async () => {
  const cloud = await newCloud();
  await cloud.arm({
    operation: "create_manual_backup",
    calls: [1],
    phase: "after_commit",
    fault: "CONNECTION_RESET_BY_PEER",
  });
  const client = new Client(cloud, 1);

  await client.create(cloud.instance, "nightly");

  assert.equal((await client.list()).length, 1);
  await cloud.called("create_manual_backup", 1);
});
