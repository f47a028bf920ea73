import { BotyardError, type CredentialDraft, type Step, type StepDraft } from "@botyard/sdk";
import { allowsBot, allowsConnection, refuse } from "../access/grants.ts";
import { checkReferences } from "../access/references.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import { putBot } from "../registry/registry.ts";
import type { CredentialRecord } from "../store/types.ts";
import { toCredential } from "../supervise/states.ts";
import { login } from "./login.ts";
import { pageOf } from "./page.ts";

interface Answer {
  readonly credential?: CredentialDraft;
  readonly steps?: readonly StepDraft[];
  readonly note?: string;
}

/** Kinds that bots of the platform hold. */
function botKinds(call: CallContext): readonly string[] {
  const platform = call.core.platforms.get(call.target?.connection.platform ?? "");
  return Object.entries(platform?.credentials ?? {}).flatMap(([kind, declared]) =>
    declared.holder === "bot" ? [kind] : [],
  );
}

/** Seals what the server issued before anything is answered. */
async function renew(call: CallContext) {
  const { core } = call;
  const bot = call.target?.bot;
  if (!bot)
    throw new BotyardError("invalid", "this needs one bot", { issues: [{ path: "bot", expected: "a bot's handle" }] });
  const answer = (await call.perform()) as Answer;
  const { connection, handle } = bot;
  if (answer.credential) {
    const live = core.supervisor.live(connection);
    live?.bots.delete(handle);
    await core.registry.save([
      ...core.vault.put(connection, { ...answer.credential, holder: "bot", of: handle }),
      putBot(core.registry.bot(connection, handle)),
    ]);
  }
  const opened: readonly Step[] = await core.supervisor.steps.open(connection, handle, answer.steps ?? []);
  if (opened.length > 0) call.reply.status = 202;
  const kinds = botKinds(call);
  const record = core.registry
    .list("credential", connection)
    .findLast((one) => one.of === handle && kinds.includes(one.kind));
  if (!record) {
    if (opened.length > 0)
      throw new BotyardError("operator_required", `the credential comes with a step: ${opened[0]?.title ?? ""}`, {
        effect: "applied",
        steps: opened.map((step) => step.id),
      });
    throw new BotyardError("plugin_failed", "the plugin answered without a credential", { effect: "unknown" });
  }
  return {
    ...toCredential(core.supervisor.live(connection), record),
    ...(opened.length > 0 ? { opened: [...opened] } : {}),
    ...(answer.note === undefined ? {} : { note: answer.note }),
  };
}

/** Switches the bot's credential on the server; the state says so until it is switched back. */
async function switched(call: CallContext, on: boolean) {
  const { core } = call;
  const bot = call.target?.bot;
  const kinds = botKinds(call);
  const record =
    bot &&
    core.registry
      .list("credential", bot.connection)
      .findLast((one) => one.of === bot.handle && kinds.includes(one.kind));
  if (!bot || !record)
    throw new BotyardError("not_found", "this bot has no credential here", { fix: "botyard credentials issue <bot>" });
  await call.perform();
  const state = on
    ? ({ state: "ready" } as const)
    : ({
        state: "disabled",
        reason: "switched off by credentials.disable",
        remedy: `botyard credentials enable ${bot.connection}/${bot.handle}`,
      } as const);
  core.supervisor.report(bot.connection, { kind: "credential", credential: record.id }, state);
  return toCredential(core.supervisor.live(bot.connection), record);
}

export const credentials: CoreHandlers<"credentials"> = {
  async "credentials.list"(input, { core, principal }) {
    const { grant } = principal;
    const scope = input.connection === "-" ? undefined : input.connection;
    const seen = core.registry
      .list("credential", scope)
      .filter(
        (record) =>
          allowsConnection(grant, record.connection) &&
          (input.bot === undefined || record.of === input.bot) &&
          (!grant.bots || (record.holder === "bot" && allowsBot(grant, record.connection, record.of ?? ""))),
      );
    return pageOf(
      seen,
      input,
      (record) => record.id,
      (record) => toCredential(core.supervisor.live(record.connection), record),
    );
  },

  "credentials.issue": (_, call) => renew(call),

  async "credentials.rotate"(_, call) {
    const answer = await renew(call);
    if (call.reply.status === 201) call.reply.status = 200;
    return answer;
  },

  async "credentials.revoke"(_, call) {
    const { core } = call;
    const bot = call.target?.bot;
    if (!bot)
      throw new BotyardError("invalid", "this needs one bot", {
        issues: [{ path: "bot", expected: "a bot's handle" }],
      });
    const answer = (await call.perform()) as Answer;
    const opened = await core.supervisor.steps.open(bot.connection, bot.handle, answer.steps ?? []);
    const kinds = botKinds(call).filter((kind) => core.vault.record(bot.connection, { kind, bot: bot.handle }));
    if (opened.length > 0) call.reply.status = 202;
    else
      await core.registry.save(
        kinds.flatMap((kind) => [...core.vault.remove(bot.connection, { kind, bot: bot.handle })]),
      );
    return { revoked: [...kinds], ...(opened.length > 0 ? { opened: [...opened] } : {}) };
  },

  "credentials.disable": (_, call) => switched(call, false),
  "credentials.enable": (_, call) => switched(call, true),
  "credentials.login": login,

  async "credentials.import"({ connection, kind, bot, account, secret }, call) {
    const { core, principal } = call;
    checkReferences(principal, [secret]);
    const record = core.registry.connection(connection);
    const platform = core.platforms.get(record.platform);
    const declared = platform?.credentials[kind];
    if (!declared)
      throw new BotyardError(
        "invalid",
        `${platform?.title ?? record.platform} knows no credential "${kind}"; it knows ${Object.keys(platform?.credentials ?? {}).join(", ") || "none"}`,
        {
          issues: [
            { path: "kind", expected: Object.keys(platform?.credentials ?? {}).join(" | ") || "no credentials" },
          ],
        },
      );
    const of = declared.holder === "bot" ? bot : declared.holder === "account" ? account : null;
    if (of === undefined)
      throw new BotyardError(
        "invalid",
        `"${kind}" is held by ${declared.holder === "bot" ? "a bot: name it" : "a person's account: give it a name"}`,
        {
          issues: [{ path: declared.holder, expected: "who holds it" }],
        },
      );
    if (declared.holder !== "bot" && principal.grant.bots) throw refuse(principal, call.operation.name, connection);
    if (declared.holder === "bot") core.registry.bot(connection, of ?? "");
    await core.registry.save(core.vault.put(connection, { kind, secret, holder: declared.holder, of }));
    if (declared.holder === "connection") await core.supervisor.open(connection);
    else if (of !== null) core.supervisor.live(connection)?.bots.delete(of);
    const query = declared.holder === "account" ? { kind, account: of ?? "" } : { kind, bot: of ?? undefined };
    return toCredential(core.supervisor.live(connection), core.vault.record(connection, query) as CredentialRecord);
  },
};
