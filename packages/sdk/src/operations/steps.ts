import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { expected, page, pageInput, says } from "../schema.ts";
import { Step } from "../shapes/step.ts";

const step = says(
  "Id of the step: `step_…`.",
  v.pipe(v.string(), v.regex(/^step_[0-9A-Za-z]+$/, expected("the id of a step: step_…"))),
);

export const list = defineOperation({
  name: "steps.list",
  summary: "List what a person has to do on a server",
  run: "core",
  effect: "read",
  route: "GET /steps",
  cli: { columns: ["id", "connection", "bot", "state", "title"] },
  input: v.strictObject({
    connection: v.optional(says("Only of this connection.", v.string())),
    state: v.optional(
      says("Only steps in this state; default: open.", v.picklist(["open", "done", "dismissed", "all"])),
    ),
    ...pageInput,
  }),
  output: page(Step),
});

export const get = defineOperation({
  name: "steps.get",
  summary: "Show one step, with its secret if asked",
  run: "core",
  effect: "read",
  secretOutput: true,
  route: "GET /steps/{step}",
  input: v.strictObject({
    step,
    reveal: v.optional(says("Show the run line with its secret; audited.", v.boolean())),
  }),
  output: Step,
});

export const verify = defineOperation({
  name: "steps.verify",
  summary: "Look whether a step has been done",
  run: "core",
  effect: "write",
  route: "POST /steps/{step}/verify",
  cli: { done: "{id}  {state}  {note}" },
  input: v.strictObject({ step }),
  output: Step,
});

export const dismiss = defineOperation({
  name: "steps.dismiss",
  summary: "Close a step without doing it",
  run: "core",
  effect: "write",
  destructive: true,
  route: "POST /steps/{step}/dismiss",
  cli: { done: "{id}  {state}" },
  input: v.strictObject({ step }),
  output: Step,
});
