import { BotyardError } from "@botyard/sdk";
import { allowsBot, allowsConnection } from "../access/grants.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import { putStep } from "../registry/registry.ts";
import type { StepRecord } from "../store/types.ts";
import { toStep } from "../supervise/steps.ts";
import { pageOf } from "./page.ts";

/** A key for certain bots sees the steps of those, and none of the connection itself. */
function sees({ principal: { grant } }: CallContext, { connection, bot }: StepRecord): boolean {
  return bot === null ? allowsConnection(grant, connection) && !grant.bots : allowsBot(grant, connection, bot);
}

/** Hidden and missing answer alike. */
function find(call: CallContext, id: string): StepRecord {
  const record = call.core.registry.get("step", id);
  if (!record || !sees(call, record))
    throw new BotyardError("not_found", `there is no step "${id}"`, { fix: "botyard steps list" });
  return record;
}

export const steps: CoreHandlers<"steps"> = {
  async "steps.list"(input, call) {
    const state = input.state ?? "open";
    const seen = call.core.registry
      .list("step", input.connection)
      .filter((step) => sees(call, step) && (state === "all" || step.state === state));
    return pageOf(seen, input, (step) => step.id, toStep);
  },

  async "steps.get"({ step, reveal }, call) {
    const record = find(call, step);
    return reveal ? call.core.supervisor.steps.reveal(record) : toStep(record);
  },

  async "steps.verify"({ step }, call) {
    const record = find(call, step);
    const { live } = await call.core.supervisor.session(record.connection);
    return toStep(await call.core.supervisor.steps.verify(live, record.id));
  },

  async "steps.dismiss"({ step }, call) {
    const record = find(call, step);
    if (record.state !== "open") return toStep(record);
    const dismissed: StepRecord = { ...record, state: "dismissed", doneAt: call.core.now(), sealedRun: null };
    await call.core.registry.save([putStep(dismissed)]);
    return toStep(dismissed);
  },
};
