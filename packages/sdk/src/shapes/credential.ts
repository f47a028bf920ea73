import * as v from "valibot";
import { says } from "../schema.ts";
import { State } from "./connection.ts";

export const Holder = v.picklist(["connection", "bot", "account"]);
export type Holder = v.InferOutput<typeof Holder>;

/** A credential a plugin got from its server; the core seals the secret and answers without it. */
export const CredentialDraft = v.object({
  kind: v.string(),
  secret: v.string(),
  nativeId: v.optional(says("The server's id of it, where it has one.", v.string())),
  expiresAt: v.optional(v.nullable(v.string())),
});
export interface CredentialDraft extends v.InferOutput<typeof CredentialDraft> {}

/** A sealed credential. Its secret is never part of it. */
export const Credential = v.object({
  id: v.string(),
  connection: v.string(),
  kind: v.string(),
  holder: Holder,
  of: v.nullable(says("Handle of the bot, or name of the account, that holds it.", v.string())),
  nativeId: v.nullable(v.string()),
  expiresAt: v.nullable(v.string()),
  source: says("`sealed`, `env:NAME` or `file:PATH`.", v.string()),
  ...State.entries,
});
export interface Credential extends v.InferOutput<typeof Credential> {}
