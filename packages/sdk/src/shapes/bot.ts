import * as v from "valibot";
import { says } from "../schema.ts";
import { State } from "./connection.ts";
import { StepDraft } from "./step.ts";
import { CredentialDraft } from "./credential.ts";

/** A bot as the chat server knows it. What a plugin answers. */
export const NativeBot = v.object({
  nativeId: v.nullable(
    says(
      "The server's id; null until the server has given one. It may change when a bot is installed again.",
      v.string(),
    ),
  ),
  username: v.string(),
  displayName: v.nullable(v.string()),
  description: v.nullable(v.string()),
  enabled: says("Whether the server lets it act.", v.boolean()),
  owner: v.optional(v.nullable(says("The server's id of who owns it.", v.string()))),
  ownerName: v.optional(says("What people there call the owner.", v.string())),
  native: v.optional(
    says("Fields of the platform's own, by its declared schema `Bot`.", v.record(v.string(), v.unknown())),
  ),
});
export interface NativeBot extends v.InferOutput<typeof NativeBot> {}

/** An identity on a connection that Botyard manages, or (`managed: false`) one that only the server knows. */
export const Bot = v.object({
  connection: v.string(),
  handle: v.nullable(says("Null for a bot that is not managed.", v.string())),
  ...NativeBot.entries,
  managed: v.boolean(),
  ...State.entries,
  credentials: says("Kinds of the sealed credentials it holds.", v.array(v.string())),
  steps: says("Ids of open steps.", v.array(v.string())),
});
export interface Bot extends v.InferOutput<typeof Bot> {}

/** A plugin's answer to an operation that makes or changes a bot. */
export const BotAnswer = v.object({
  bot: NativeBot,
  credentials: v.optional(says("Sealed by the core before anything is answered.", v.array(CredentialDraft))),
  steps: v.optional(says("What a person must do on the server first; the call succeeds with 202.", v.array(StepDraft))),
  changed: v.optional(
    says(
      "Fields that the server changed: asked for, given.",
      v.array(v.object({ field: v.string(), asked: v.string(), given: v.string() })),
    ),
  ),
});
export interface BotAnswer extends v.InferOutput<typeof BotAnswer> {}

/** A bot after a change, with what the server made of the wish. */
export const BotChanged = v.object({
  ...Bot.entries,
  changed: v.optional(v.array(v.object({ field: v.string(), asked: v.string(), given: v.string() }))),
});
