import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { bot, connection, connectionOrAll, expected, Handle, page, pageInput, says, Secret } from "../schema.ts";
import { Credential, CredentialDraft } from "../shapes/credential.ts";
import { Step, StepDraft } from "../shapes/step.ts";

const opened = v.optional(v.array(Step));
const note = v.optional(says("What became of the old one: `old token refused (checked)`.", v.string()));
/** Without a credential where only a step brings it. */
const answer = v.object({
  credential: v.optional(CredentialDraft),
  steps: v.optional(v.array(StepDraft)),
});

export const list = defineOperation({
  name: "credentials.list",
  summary: "List the sealed credentials, without their secrets",
  run: "core",
  effect: "read",
  route: "GET /connections/{connection}/credentials",
  cli: { columns: ["id", "connection", "kind", "holder", "of", "state", "expiresAt"] },
  input: v.strictObject({ connection: connectionOrAll, bot: v.optional(bot), ...pageInput }),
  output: page(Credential),
});

export const issue = defineOperation({
  name: "credentials.issue",
  summary: "Get a new credential for a bot and seal it",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/bots/{bot}/credentials",
  cli: { done: "issued  {kind} for {connection}/{of}" },
  input: v.strictObject({ connection, bot }),
  output: v.object({ ...Credential.entries, opened }),
  answer,
});

export const rotate = defineOperation({
  name: "credentials.rotate",
  summary: "Replace a bot's credential by a new one",
  description: "Where the server has no overlap the old credential dies at once; the gap is recorded.",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/bots/{bot}/credentials/rotate",
  cli: { done: "rotated  {kind} of {connection}/{of}  {note}" },
  input: v.strictObject({ connection, bot }),
  output: v.object({ ...Credential.entries, opened, note }),
  answer: v.object({ ...answer.entries, note }),
});

export const revoke = defineOperation({
  name: "credentials.revoke",
  summary: "Make the server refuse a bot's credential from now on",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}/bots/{bot}/credentials",
  cli: { done: "revoked" },
  input: v.strictObject({ connection, bot }),
  output: v.object({ revoked: v.array(v.string()), opened }),
  answer: v.object({ steps: v.optional(v.array(StepDraft)) }),
});

export const disable = defineOperation({
  name: "credentials.disable",
  summary: "Switch a bot's credential off on the server; reversible",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/bots/{bot}/credentials/disable",
  cli: { done: "disabled  {kind} of {connection}/{of}" },
  input: v.strictObject({ connection, bot }),
  output: Credential,
  answer: v.object({}),
});

export const enable = defineOperation({
  name: "credentials.enable",
  summary: "Switch a bot's credential on again",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/bots/{bot}/credentials/enable",
  cli: { done: "enabled  {kind} of {connection}/{of}" },
  input: v.strictObject({ connection, bot }),
  output: Credential,
  answer: v.object({}),
});

/** What a login dialogue asks next. */
export const LoginState = v.object({
  dialogue: says("Goes into the next call; ends by itself after 10 minutes.", v.string()),
  state: says(
    "`ask`: send `answers`. `open`: a person opens `url`, then ask again. `done`: the credential is sealed.",
    v.picklist(["ask", "open", "done"]),
  ),
  title: v.nullable(v.string()),
  fields: v.optional(v.array(v.object({ name: v.string(), title: v.string(), secret: v.boolean() }))),
  url: v.optional(v.string()),
  retryMs: v.optional(v.number()),
  credential: v.optional(Credential),
});

export const login = defineOperation({
  name: "credentials.login",
  summary: "Get a credential by logging in: a dialogue, or a link a person opens",
  run: "core",
  effect: "write",
  route: "POST /connections/{connection}/login",
  input: v.strictObject({
    connection,
    kind: says(
      "Kind of the credential.",
      v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/, expected("a kind of credential, like admin-token"))),
    ),
    account: v.optional(says("Your name of the account, for credentials of a person's account.", Handle)),
    dialogue: v.optional(says("From the answer before; absent: a new dialogue.", v.pipe(v.string(), v.maxLength(64)))),
    answers: v.optional(says("By the fields asked for.", v.record(v.string(), Secret))),
  }),
  output: LoginState,
});

export const importSecret = defineOperation({
  name: "credentials.import",
  summary: "Seal a credential you already have",
  run: "core",
  effect: "write",
  route: "PUT /connections/{connection}/credentials/{kind}",
  cli: { positionals: ["connection", "kind"], done: "sealed  {kind}" },
  input: v.strictObject({
    connection,
    kind: says(
      "Kind, as the platform declares it: `admin-token`.",
      v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/, expected("a kind of credential, like admin-token"))),
    ),
    bot: v.optional(says("The bot that holds it, for credentials of bots.", bot)),
    account: v.optional(says("Your name of the account, for credentials of a person's account.", Handle)),
    secret: says("The secret itself; on the command line `env:NAME`, `file:PATH` or `-`.", Secret),
  }),
  output: Credential,
});
