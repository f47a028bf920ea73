import * as v from "valibot";
import { says } from "../schema.ts";

/** Where a step is done: a command on the server's machine, a file to place, or a setting to change. */
export const StepRun = v.object({
  where: says("Where: `the machine of https://cloud.example.org, in the Nextcloud folder`", v.string()),
  command: v.optional(v.string()),
  file: v.optional(v.object({ name: v.string(), text: v.string() })),
  setting: v.optional(v.string()),
  hint: v.optional(says("How the line becomes one that fits, where it does not.", v.string())),
});

/** What only a person on the server can do, as a plugin asks for it. */
export const StepDraft = v.object({
  kind: says("Same subject and kind again: the open step is replaced, not doubled.", v.string()),
  title: says('What to do: `Install the bot "Helper"`', v.string()),
  why: v.string(),
  run: StepRun,
  secret: v.optional(
    says("The run line holds a secret: shown once to who asked, afterwards only by `steps get --reveal`.", v.boolean()),
  ),
  verify: v.optional(
    says("The plugin's own data, handed back to `verify`. Never shown.", v.record(v.string(), v.unknown())),
  ),
  blocks: v.optional(says("Operations that answer `operator_required` until it is done.", v.array(v.string()))),
});
export interface StepDraft extends v.InferOutput<typeof StepDraft> {}

export const StepState = v.picklist(["open", "done", "dismissed"]);

export const Step = v.object({
  id: v.string(),
  connection: v.string(),
  bot: v.nullable(v.string()),
  kind: v.string(),
  title: v.string(),
  why: v.string(),
  run: StepRun,
  secret: v.boolean(),
  state: StepState,
  createdAt: v.string(),
  doneAt: v.nullable(v.string()),
  note: v.optional(says("What verification saw last.", v.string())),
});
export interface Step extends v.InferOutput<typeof Step> {}
