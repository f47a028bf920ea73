import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { DurationMs, expected, page, pageInput, says } from "../schema.ts";
import { EffectState, LedgerEntry } from "../shapes/ledger.ts";

const operation = says(
  "Id of the ledger row: `op_…`.",
  v.pipe(v.string(), v.regex(/^op_[0-9A-Z]+$/, expected("the id of a ledger row: op_…"))),
);

export const list = defineOperation({
  name: "ledger.list",
  summary: "List what was done, newest first",
  run: "core",
  effect: "read",
  route: "GET /ledger",
  cli: { columns: ["createdAt", "operation", "connection", "bot", "room", "state", "id"] },
  input: v.strictObject({
    connection: v.optional(says("Only of this connection.", v.string())),
    state: v.optional(says("Only rows in this state.", EffectState)),
    ...pageInput,
  }),
  output: page(LedgerEntry),
});

export const get = defineOperation({
  name: "ledger.get",
  summary: "Show one operation that was done, and how it ended",
  run: "core",
  effect: "read",
  route: "GET /ledger/{operation}",
  input: v.strictObject({
    operation,
    waitMs: v.optional(says("Wait this long for an end, at most 60000.", v.pipe(DurationMs, v.maxValue(60_000)))),
  }),
  output: LedgerEntry,
});

export const reconcile = defineOperation({
  name: "ledger.reconcile",
  summary: "Settle an unknown outcome from the platform's history",
  run: "core",
  effect: "write",
  route: "POST /ledger/{operation}/reconcile",
  cli: { done: "{id}  {state}" },
  input: v.strictObject({ operation }),
  output: LedgerEntry,
});
