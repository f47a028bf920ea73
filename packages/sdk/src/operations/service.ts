import * as v from "valibot";
import { bytes, defineOperation } from "../operation.ts";
import { says } from "../schema.ts";
import { Connection } from "../shapes/connection.ts";
import { Consumer } from "../shapes/consumer.ts";
import { Webhook } from "../shapes/webhook.ts";

export const status = defineOperation({
  name: "service.status",
  summary: "Show the service, its connections, consumers and ledger in one answer",
  run: "core",
  effect: "read",
  route: "GET /status",
  input: v.strictObject({}),
  output: v.object({
    version: v.string(),
    startedAt: v.string(),
    time: says("Of the service's own clock.", v.string()),
    disk: says(
      "Of the disk that holds the database, in bytes.",
      v.nullable(v.object({ free: v.number(), total: v.number() })),
    ),
    /** Head of the log. */
    log: v.object({
      seq: v.number(),
      oldestSeq: v.number(),
      bytes: v.nullable(v.number()),
      retentionMs: v.nullable(v.number()),
    }),
    hooks: v.nullable(v.string()),
    connections: v.array(Connection),
    consumers: v.array(Consumer),
    webhooks: v.array(Webhook),
    ledger: v.object({ sent: v.number(), failed: v.number(), unknown: v.number() }),
  }),
});

export const backup = defineOperation({
  name: "service.backup",
  summary: "Get the whole database as one file, while the service runs",
  description:
    "A consistent copy, opened once to see that it is whole. It holds everything but the seal key: without that file its secrets cannot be opened. For keys that see everything. `botyard restore` puts it back.",
  run: "core",
  effect: "read",
  route: "GET /backup",
  input: v.strictObject({}),
  output: bytes,
  errors: ["unsupported"],
});
