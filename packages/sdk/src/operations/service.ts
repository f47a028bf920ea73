import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { Connection } from "../shapes/connection.ts";
import { Consumer } from "../shapes/consumer.ts";

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
    ledger: v.object({ sent: v.number(), failed: v.number(), unknown: v.number() }),
  }),
});
