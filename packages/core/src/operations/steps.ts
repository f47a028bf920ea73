import { BotyardError } from "@botyard/sdk";
import { allowsConnection } from "../access/grants.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import { putStep } from "../registry/registry.ts";
import type { StepRecord } from "../store/types.ts";
import { toStep } from "../supervise/steps.ts";
import { pageOf } from "./page.ts";

/** Hidden and missing answer alike. */
function find({ core, principal }: CallContext, id: string): StepRecord {
  const record = core.registry.get("step", id);
  if (!record || !allowsConnection(principal.grant, record.connection))
    throw new BotyardError("not_found", `there is no step "${id}"`, { fix: "botyard steps list" });
  return record;
}

export const steps: CoreHandlers<"steps"> = {
  async "steps.list"(input, { core, principal }) {
    const state = input.state ?? "open";
    const seen = core.registry
      .list("step", input.connection)
      .filter(
        (step) => allowsConnection(principal.grant, step.connection) && (state === "all" || step.state === state),
      );
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
