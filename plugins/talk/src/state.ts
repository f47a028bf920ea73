import {
  BotyardError,
  createServerClock,
  type Acting,
  type BotTarget,
  type Call,
  type Host,
  type Http,
  type ServerClock,
} from "@botyard/sdk";
import type { Auth, Caller } from "./api.ts";
import { createEchoes, type Echoes } from "./echoes.ts";
import { openMemory, type Memory } from "./memory.ts";
import { createOcc, type Occ } from "./occ.ts";
import { accountsOf, type Settings } from "./settings.ts";
import { createStop, type Stop } from "./stop.ts";

/** Kinds of sealed credentials. `bot-secret-next` waits until its bot is installed with it. */
export const kinds = {
  admin: "app-password",
  account: "account-password",
  secret: "bot-secret",
  next: "bot-secret-next",
  old: "bot-secret-old",
} as const;

/** What the handlers of one connection share. */
export interface State {
  readonly host: Host<Settings>;
  readonly url: string;
  readonly http: Http;
  readonly serverClock: ServerClock;
  readonly occ: Occ;
  readonly memory: Memory;
  readonly echoes: Echoes;
  readonly stop: Stop;
  /** Managed bots by handle, as they are now. */
  readonly bots: ReadonlyMap<string, BotTarget>;
  /** Names in webhooks that are not the expected server's, since the start. */
  readonly foreign: Set<string>;
  /** Ends what `openState` began. */
  close(): Promise<void>;
}

export async function openState(host: Host<Settings>): Promise<State> {
  const url = (host.connection.url ?? "").replace(/\/+$/, "");
  const serverClock = createServerClock(host.clock);
  const http = serverClock.watch(host.http(url));
  const memory = await openMemory(host);
  const bots = new Map<string, BotTarget>();
  const keep = (now: readonly BotTarget[]): void => {
    for (const handle of bots.keys())
      if (!now.some((bot) => bot.handle === handle))
        void memory
          .forget(handle)
          .catch((error: unknown) => host.log.warn("a bot could not be forgotten", { bot: handle, error }));
    bots.clear();
    for (const bot of now) bots.set(bot.handle, bot);
  };
  const unwatch = host.bots.watch(keep);
  keep(await host.bots.list());
  const occ = createOcc(host.connection.settings.occ);
  return {
    host,
    url,
    http,
    serverClock,
    occ,
    memory,
    bots,
    echoes: createEchoes(host.clock),
    foreign: new Set(),
    stop: await createStop(host),
    async close() {
      unwatch();
      await memory.flush();
    },
  };
}

/** `alice:xxxxx-xxxxx`: the login name and an app password. Throws `invalid` for anything else. */
function parsePassword(secret: string): Auth {
  const at = secret.indexOf(":");
  if (at > 0 && at < secret.length - 1) return { user: secret.slice(0, at), password: secret.slice(at + 1) };
  throw new BotyardError("invalid", "an app password is kept together with its login name", {
    issues: [{ path: "secret", expected: "name:app-password" }],
  });
}

/** Without a login. */
export function anybody({ http, host }: State, signal: AbortSignal = host.signal): Caller {
  return { http, auth: null, signal };
}

/** As the person whose app password manages bots; null where none is given. */
export async function administrator(state: State, signal: AbortSignal = state.host.signal): Promise<Caller | null> {
  const found = await state.host.credentials.find({ kind: kinds.admin });
  return found && { http: state.http, auth: parsePassword(found.secret), signal };
}

/** As a person's account by our name of it; null where its app password is not kept. */
export async function account(
  state: State,
  name: string,
  signal: AbortSignal = state.host.signal,
): Promise<Caller | null> {
  const found = await state.host.credentials.find({ kind: kinds.account, account: name });
  return found && { http: state.http, auth: parsePassword(found.secret), signal };
}

/** Accounts the operator named for reading, in that order; those without an app password are left out. */
export async function readers(state: State, signal?: AbortSignal): Promise<readonly Caller[]> {
  const names = accountsOf(state.host.connection.settings);
  const found = await Promise.all(names.map((name) => account(state, name, signal)));
  return found.filter((caller) => caller !== null);
}

export function botOf(call: Call): BotTarget {
  if (call.bot) return call.bot;
  throw new BotyardError("not_found", "there is no such bot");
}

/** The account of a call that must be a person's. */
export async function person(state: State, call: Call): Promise<Caller> {
  if (call.as?.kind === "account") return personOf(state, call.as, call.signal);
  const [name] = accountsOf(state.host.connection.settings);
  throw new BotyardError(
    "unsupported",
    "a bot of Talk cannot do that: a person's account does it, and people see that person",
    {
      instead: name === undefined ? "name the account: --as account:<name>" : `--as account:${name}`,
    },
  );
}

export function personOf(state: State, as: Acting, signal: AbortSignal): Caller {
  if (as.credential) return { http: state.http, auth: parsePassword(as.credential.secret), signal };
  throw new BotyardError("unauthenticated", `no app password of the account "${as.id}" is kept`, {
    fix: `botyard credentials login ${state.host.connection.id} ${kinds.account} --account ${as.id}`,
  });
}

/**
 * Who reads for a call: the account it names, or for a bot the accounts the operator named, and only in rooms that bot
 * is in: what it could have seen itself.
 */
export async function readersFor(state: State, call: Call, room: string): Promise<readonly Caller[]> {
  const { as } = call;
  if (as?.kind === "account") return [personOf(state, as, call.signal)];
  if (as?.kind === "bot" && !state.memory.rooms(as.handle ?? "").has(room))
    throw new BotyardError("not_found", `${as.handle ?? as.id} is not known to be in the room ${room}`, {
      fix: `botyard rooms add-bot ${state.host.connection.id}/${room} ${as.handle ?? ""}`,
    });
  const found = await readers(state, call.signal);
  if (found.length > 0) return found;
  throw new BotyardError("unauthenticated", "none of the accounts in the setting `accounts` has an app password here", {
    fix: `botyard credentials login ${state.host.connection.id} ${kinds.account} --account ${accountsOf(state.host.connection.settings)[0] ?? "<name>"}`,
  });
}

/** Where an installation of a bot is called. Throws `operator_required` while no outside address is configured. */
export function hookUrl(state: Pick<State, "host">, handle: string, generation: number): string {
  return state.host.hooks.url(`/${handle}/${generation}`);
}
