import { BotyardError, isBotyardError, type Check } from "@botyard/sdk";
import * as api from "./api.ts";
import { generationOf, isAuthor, onState } from "./bots.ts";
import { allFeatures } from "./installations.ts";
import { accountsOf } from "./settings.ts";
import { callAsBot } from "./signed.ts";
import { account, administrator, kinds, type State } from "./state.ts";
import { stateStep } from "./steps.ts";
import { featuresOf, type WireBot } from "./wire.ts";

/** Throws `unauthenticated` where the app password is refused: the connection cannot do its work. */
export async function adminChecks(
  state: State,
  signal: AbortSignal,
): Promise<{ readonly checks: Check[]; readonly list: readonly WireBot[] | null }> {
  const { id } = state.host.connection;
  const caller = await administrator(state, signal);
  const without: Check = {
    name: "administrator",
    state: "info",
    detail:
      "no administrator's app password: bots are seen in their rooms only, and steps are proven by the first webhook",
    fix: `botyard credentials login ${id} ${kinds.admin}`,
  };
  if (caller === null) return { checks: [without], list: null };
  const who = await api.whoami(caller).catch((error: unknown) => {
    if (isBotyardError(error) && error.code === "unauthenticated")
      throw new BotyardError(
        "unauthenticated",
        `Nextcloud refuses the app password of ${caller.auth?.user ?? "the administrator"}: revoked, or mistyped`,
        {
          ...error.details,
          fix: `botyard credentials login ${id} ${kinds.admin}`,
        },
      );
    throw error;
  });
  if (!who.admin)
    return {
      checks: [
        {
          ...without,
          detail: `signed in as ${who.id}, who does not administer the server: bots are seen in the rooms ${who.id} moderates only`,
        },
      ],
      list: null,
    };
  const list = await api.adminBots(caller);
  const checks: Check[] = [
    {
      name: "administrator",
      state: "ok",
      detail: `signed in as ${who.id}; used for bots, never to read or write messages`,
    },
  ];
  for (const bot of state.bots.values()) {
    if (bot.nativeId === null) continue;
    const found = list.find((one) => isAuthor(one, bot.nativeId));
    if (found)
      await state.memory.keepBot(bot.handle, {
        id: found.id,
        url: found.url,
        state: found.state,
        features: found.features,
      });
    checks.push(...botChecks(state, bot.handle, found));
  }
  return { checks, list };
}

function botChecks(state: State, handle: string, found: WireBot | undefined): Check[] {
  const { id } = state.host.connection;
  const name = `bot ${handle}`;
  const bot = state.bots.get(handle);
  if (!bot) return [];
  if (!found)
    return [
      {
        name,
        state: "warn",
        detail: "it is not installed on the server any more",
        fix: `botyard credentials rotate ${id}/${handle}`,
      },
    ];
  const fix = stateStep(state, bot, onState(found), allFeatures(state), "").run.command ?? "";
  const features = featuresOf(found.features);
  const lacks = (["webhook", "response"] as const).filter((one) => !features.includes(one));
  const checks: Check[] = [];
  if (found.state === 0)
    checks.push({ name, state: "warn", detail: "it is switched off on the server: deaf and mute in every room", fix });
  if (features.includes("event"))
    checks.push({ name, state: "warn", detail: "its feature event silences its webhook", fix });
  else if (lacks.length > 0) checks.push({ name, state: "warn", detail: `it lacks ${lacks.join(" and ")}`, fix });
  if (isForeign(state, handle, found.url))
    checks.push({
      name,
      state: "warn",
      detail: "the server calls another address than ours: it may speak, but hears nothing here",
      fix: `botyard credentials rotate ${id}/${handle}`,
    });
  return checks.length > 0 ? checks : [{ name, state: "ok", detail: `may ${features.join(", ")}` }];
}

/** Where no address of ours is configured nothing can be told. */
function isForeign(state: State, handle: string, url: string): boolean {
  try {
    return generationOf(state, handle, url) === null;
  } catch {
    return false;
  }
}

/** `usable`: at least one of the named accounts may sign in. */
export async function accountChecks(
  state: State,
  signal: AbortSignal,
): Promise<{ readonly checks: Check[]; readonly usable: boolean }> {
  const names = accountsOf(state.host.connection.settings);
  const { id } = state.host.connection;
  if (names.length === 0)
    return {
      usable: false,
      checks: [
        {
          name: "history",
          state: "info",
          detail:
            "no person's account is named: what is missed in an outage is not found again, and sent messages have no id",
          fix: `botyard connections update ${id} -o accounts=reader && botyard credentials login ${id} ${kinds.account} --account reader`,
        },
      ],
    };
  const checks: Check[] = [];
  let usable = false;
  for (const name of names) {
    const caller = await account(state, name, signal);
    const fix = `botyard credentials login ${id} ${kinds.account} --account ${name}`;
    if (caller === null) {
      checks.push({ name: `account ${name}`, state: "warn", detail: "its app password is not kept yet", fix });
      continue;
    }
    const who = await api.whoami(caller).catch((error: unknown) => {
      if (isBotyardError(error) && error.code === "unauthenticated") return null;
      throw error;
    });
    usable ||= who !== null;
    checks.push(
      who === null
        ? { name: `account ${name}`, state: "warn", detail: "Nextcloud refuses its app password", fix }
        : { name: `account ${name}`, state: "ok", detail: `signed in as ${who.id}; reads the rooms ${who.id} is in` },
    );
  }
  return { checks, usable };
}

/** The header is not signed: a wrong name means a wrong `overwrite.cli.url`, not a stranger. */
export function backendChecks(state: State): Check[] {
  return [...state.foreign].map((backend) => ({
    name: "backend",
    state: "warn" as const,
    detail: `webhooks with a right signature name another server: ${backend}`,
    fix: state.occ.setBackend(state.url),
  }));
}

/** One harmless signed call for each bot; stops at the first that is refused. */
export async function signatureChecks(state: State, signal: AbortSignal): Promise<Check[]> {
  const checks: Check[] = [];
  for (const bot of state.bots.values()) {
    const [room] = state.memory.rooms(bot.handle).keys();
    const found = await state.host.credentials.find({ kind: kinds.secret, bot: bot.handle });
    if (room === undefined || !found || bot.nativeId === null || !bot.enabled || state.stop.current()) continue;
    const request = { method: "DELETE", path: `${api.botPath(room)}/reaction/1`, json: { reaction: "👍" } } as const;
    const call = { signal, deadline: state.host.clock.now() + 60_000 };
    const refused = await callAsBot(state, { bot, secret: found.secret }, room, "👍", request, call).then(
      () => null,
      (error: unknown) =>
        isBotyardError(error) ? error : new BotyardError("internal", "the check failed", { cause: error }),
    );
    checks.push(
      refused === null
        ? { name: `signature ${bot.handle}`, state: "ok", detail: `accepted in ${room}` }
        : {
            name: `signature ${bot.handle}`,
            state: "fail",
            detail: refused.message,
            ...(refused.details.fix ? { fix: refused.details.fix } : {}),
          },
    );
  }
  return checks;
}
