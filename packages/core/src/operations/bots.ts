import {
  type Bot,
  type BotAnswer,
  BotyardError,
  halfDone,
  isBotyardError,
  type NativeBot,
  type Step,
  type User,
} from "@botyard/sdk";
import { allowsBot, allowsConnection } from "../access/grants.ts";
import { checkReferences } from "../access/references.ts";
import { ask } from "../invoke/ask.ts";
import type { Core } from "../core.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import { forgetBot } from "../registry/forget.ts";
import { botId, putBot } from "../registry/registry.ts";
import type { BotRecord, RecordPut } from "../store/types.ts";
import { toBot } from "../supervise/states.ts";
import { installed } from "../supervise/steps.ts";
import { pageOf } from "./page.ts";

const shown = (core: Core, record: BotRecord): Bot => toBot(core, core.supervisor.live(record.connection), record);

const current = (core: Core, record: BotRecord): BotRecord => core.registry.bot(record.connection, record.handle);

/** A new credential for a bot that was adopted in the same call; where it is refused the bot stays adopted, and that is said. */
async function issued(call: CallContext, { connection, handle }: BotRecord): Promise<Pick<Bot, "credentials">> {
  const { core, principal, request, deadline } = call;
  const options = { principal, request, deadlineMs: Math.max(1, deadline - core.clock.now()) };
  const { value } = await core
    .invoke("credentials.issue", { connection, bot: handle }, options)
    .catch((error: unknown) => {
      throw halfDone(error, `${connection}/${handle} is managed now, but got no credential`);
    });
  const { opened } = value as { readonly opened?: readonly Step[] };
  return { ...shown(core, core.registry.bot(connection, handle)), ...withSteps(opened ?? []) };
}

/** A bot of the server that nobody manages. */
function unmanaged(core: Core, connection: string, native: NativeBot): Bot {
  return {
    connection,
    handle: null,
    ...native,
    managed: false,
    state: native.enabled ? "ready" : "disabled",
    since: core.registry.connection(connection).createdAt,
    credentials: [],
    steps: [],
  };
}

function managedBot(call: CallContext): BotRecord {
  const bot = call.target?.bot;
  if (!bot)
    throw new BotyardError("invalid", "this needs one bot", { issues: [{ path: "bot", expected: "a bot's handle" }] });
  return bot;
}

/** Seals credentials and keeps the bot in one transaction, then opens the steps: nothing is answered before. */
async function keep(
  call: CallContext,
  before: BotRecord | null,
  handle: string,
  answer: BotAnswer,
): Promise<{ record: BotRecord; opened: readonly Step[] }> {
  const { core } = call;
  const connection = call.target?.connection.id ?? "";
  const record: BotRecord = before
    ? installed(before, answer.bot)
    : { connection, handle, native: answer.bot, generation: 1, createdAt: core.now(), held: false, formerIds: [] };
  const credentials = (answer.credentials ?? []).flatMap((credential) => [
    ...core.vault.put(connection, { ...credential, holder: "bot" as const, of: handle }),
  ]);
  const puts: RecordPut[] = [putBot(record), ...credentials];
  await core.registry.save(puts);
  const opened = await core.supervisor.steps.open(connection, handle, answer.steps ?? []);
  if (opened.length > 0) call.reply.status = 202;
  return { record, opened };
}

const withSteps = (opened: readonly Step[]) => (opened.length > 0 ? { opened: [...opened] } : {});

/** Enables or disables: on the server where it has such a state, else by not acting and not delivering. */
async function hold(call: CallContext, held: boolean) {
  const { core } = call;
  const bot = managedBot(call);
  const operation = held ? "bots.disable" : "bots.enable";
  const capability = core.supervisor.capability(bot.connection, operation);
  if (capability.support === "emulated" && "by" in capability && capability.by === "core") {
    const record = { ...bot, held };
    await core.registry.save([putBot(record)]);
    return shown(core, record);
  }
  const answer = (await call.perform()) as BotAnswer;
  // What was reported before is over: it is as we wanted it now.
  if (!answer.steps?.length) core.supervisor.live(bot.connection)?.bots.delete(bot.handle);
  const { record, opened } = await keep(call, { ...bot, held: false }, bot.handle, answer);
  return { ...shown(core, record), ...withSteps(opened) };
}

/** All bots the server has. */
async function listNative(call: CallContext, connection: string): Promise<NativeBot[]> {
  const natives: NativeBot[] = [];
  let cursor: string | undefined;
  do {
    const page = (await ask(call, "bots.list", { connection, ...(cursor ? { cursor } : {}) })) as {
      items: NativeBot[];
      next?: string;
    };
    natives.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return natives;
}

/** Managed bots, those of the server, or both, of one connection. */
async function listOne(call: CallContext, connection: string, source: "managed" | "server" | "all"): Promise<Bot[]> {
  const { core, principal } = call;
  const managed = core.registry.bots(connection).filter((bot) => allowsBot(principal.grant, connection, bot.handle));
  if (source === "managed") return managed.map((bot) => shown(core, bot));
  const natives = await listNative(call, connection);
  const known = new Map(managed.flatMap((bot) => (bot.native.nativeId ? [[bot.native.nativeId, bot] as const] : [])));
  const server = natives.flatMap((native) => {
    const bot = known.get(native.nativeId ?? "");
    if (bot) return [{ ...shown(core, bot), ...native }];
    return principal.grant.bots ? [] : [unmanaged(core, connection, native)];
  });
  const seen = new Set(server.map((bot) => bot.nativeId));
  return source === "server"
    ? server
    : [...server, ...managed.filter((bot) => !seen.has(bot.native.nativeId)).map((bot) => shown(core, bot))];
}

export const bots: CoreHandlers<"bots"> & CoreHandlers<"users"> = {
  async "bots.list"(input, call) {
    const { core, principal } = call;
    const source = input.source ?? "managed";
    const order = (bot: Bot): string => `${bot.connection}/${bot.handle ?? "~"}/${bot.nativeId ?? ""}`;
    const sorted = (all: Bot[]): Bot[] => all.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
    if (input.connection !== "-")
      return pageOf(sorted(await listOne(call, input.connection, source)), input, order, (bot) => bot);
    const all: Bot[] = [];
    const problems: { connection: string; code: string; detail: string }[] = [];
    for (const { id } of core.registry
      .list("connection")
      .filter((record) => allowsConnection(principal.grant, record.id))) {
      try {
        all.push(...(await listOne(call, id, source)));
      } catch (error) {
        if (!isBotyardError(error)) throw error;
        problems.push({ connection: id, code: error.code, detail: error.message });
      }
    }
    return { ...pageOf(sorted(all), input, order, (bot) => bot), ...(problems.length > 0 ? { problems } : {}) };
  },

  async "bots.get"(_, call) {
    const { core } = call;
    const bot = managedBot(call);
    if (core.supervisor.capability(bot.connection, "bots.get").support === "none" || bot.native.nativeId === null)
      return shown(core, bot);
    try {
      const native = (await call.perform()) as NativeBot;
      if (JSON.stringify(native) !== JSON.stringify(bot.native))
        await core.registry.save([putBot(installed(bot, native))]);
    } catch (error) {
      // What is known is better than nothing; the state says that the server does not answer.
      if (!isBotyardError(error) || !["unreachable", "timeout", "upstream", "plugin_failed"].includes(error.code))
        throw error;
    }
    return shown(core, current(core, bot));
  },

  async "bots.create"(input, call) {
    const { core } = call;
    if (!allowsBot(call.principal.grant, input.connection, input.handle))
      throw new BotyardError(
        "forbidden",
        `key "${call.principal.name}" may not make ${input.connection}/${input.handle}`,
      );
    if (core.registry.get("bot", botId(input.connection, input.handle)))
      throw new BotyardError("conflict", `${input.connection}/${input.handle} exists already`, {
        fix: `botyard bots update ${input.connection}/${input.handle}`,
      });
    const answer = (await call.perform()) as BotAnswer;
    const { record, opened } = await keep(call, null, input.handle, answer);
    await core.log.emit(
      { id: record.connection, platform: core.registry.connection(record.connection).platform },
      { type: "bot.created", bots: [record.handle] },
    );
    if (opened.length === 0) call.reply.status = 201;
    call.reply.location = `/v1/connections/${record.connection}/bots/${record.handle}`;
    return { ...shown(core, record), ...(answer.changed ? { changed: answer.changed } : {}), ...withSteps(opened) };
  },

  async "bots.adopt"(input, call) {
    const { core } = call;
    const { connection, bot: handle } = input;
    if (core.registry.get("bot", botId(connection, handle)))
      throw new BotyardError("conflict", `${connection}/${handle} is managed already`);
    checkReferences(call.principal, Object.values(input.credentials ?? {}));
    const natives = await listNative(call, connection);
    const wanted = input.nativeId ?? handle;
    const native = natives.find((one) => one.nativeId === wanted) ?? natives.find((one) => one.username === wanted);
    if (!native)
      throw new BotyardError("not_found", `the server of ${connection} has no bot "${wanted}"`, {
        fix: `botyard bots list -c ${connection} --source server`,
      });
    const taken = native.nativeId ? core.registry.botByNativeId(connection, native.nativeId) : undefined;
    if (taken) throw new BotyardError("conflict", `that bot is managed already as ${connection}/${taken.handle}`);
    const record: BotRecord = {
      connection,
      handle,
      native,
      generation: 1,
      createdAt: core.now(),
      held: false,
      formerIds: [],
    };
    const credentials = Object.entries(input.credentials ?? {}).flatMap(([kind, secret]) => [
      ...core.vault.put(connection, { kind, secret, holder: "bot", of: handle }),
    ]);
    await core.registry.save([putBot(record), ...credentials]);
    return { ...shown(core, record), ...(input.issueCredential ? await issued(call, record) : {}) };
  },

  async "bots.release"({ connection, bot: handle }, { core }) {
    const bot = core.registry.bot(connection, handle);
    await core.registry.save(forgetBot(core.registry, bot));
    return { connection, handle, nativeId: bot.native.nativeId };
  },

  async "bots.update"(_, call) {
    const bot = managedBot(call);
    const answer = (await call.perform()) as BotAnswer;
    const { record, opened } = await keep(call, bot, bot.handle, answer);
    await call.core.log.emit(
      { id: bot.connection, platform: call.core.registry.connection(bot.connection).platform },
      { type: "bot.updated", bots: [bot.handle] },
    );
    return {
      ...shown(call.core, record),
      ...(answer.changed ? { changed: answer.changed } : {}),
      ...withSteps(opened),
    };
  },

  async "bots.assign"(_, call) {
    const bot = managedBot(call);
    const { record, opened } = await keep(call, bot, bot.handle, (await call.perform()) as BotAnswer);
    return { ...shown(call.core, record), ...withSteps(opened) };
  },

  async "bots.convert-to-user"(_, call) {
    const bot = managedBot(call);
    const user = (await call.perform()) as User;
    await call.core.registry.save(forgetBot(call.core.registry, bot));
    return user;
  },

  async "users.convert-to-bot"(input, call) {
    const { core } = call;
    if (core.registry.get("bot", botId(input.connection, input.handle)))
      throw new BotyardError("conflict", `${input.connection}/${input.handle} exists already`);
    const { record, opened } = await keep(call, null, input.handle, (await call.perform()) as BotAnswer);
    if (opened.length === 0) call.reply.status = 201;
    call.reply.location = `/v1/connections/${record.connection}/bots/${record.handle}`;
    return shown(core, record);
  },

  "bots.enable": (_, call) => hold(call, false),
  "bots.disable": (_, call) => hold(call, true),

  async "bots.delete"(_, call) {
    const { core } = call;
    const bot = managedBot(call);
    const answer = (await call.perform()) as { steps?: BotAnswer["steps"] };
    const opened = await core.supervisor.steps.open(bot.connection, bot.handle, answer.steps ?? []);
    if (opened.length > 0) call.reply.status = 202;
    else {
      await core.registry.save(forgetBot(core.registry, bot));
      await core.log.emit(
        { id: bot.connection, platform: core.registry.connection(bot.connection).platform },
        { type: "bot.deleted", bots: [bot.handle] },
      );
    }
    return { connection: bot.connection, handle: bot.handle, ...withSteps(opened) };
  },
};
