import { isBotyardError, type Capability, type Check, type ProbeReport } from "@botyard/sdk";
import * as api from "./api.ts";
import { accountOperations, capabilities } from "./capabilities.ts";
import { accountChecks, adminChecks, backendChecks, signatureChecks } from "./checks.ts";
import { accountsOf } from "./settings.ts";
import { anybody, hookUrl, kinds, type State } from "./state.ts";
import { throttleStep } from "./steps.ts";
import { delayOf } from "./throttle.ts";
import { atLeast } from "./version.ts";
import { numberOf, objectOf, textOf, type Json } from "./wire.ts";

interface Seen {
  readonly version: Json;
  readonly bruteforce: Json;
  readonly talk: string | null;
  readonly features: readonly unknown[];
  readonly maxLength: number;
}

async function see(state: State, signal: AbortSignal): Promise<Seen> {
  const { version, capabilities: told } = await api.capabilities(anybody(state, signal));
  const spreed = objectOf(told["spreed"]);
  const features = spreed["features"];
  return {
    version,
    bruteforce: objectOf(told["bruteforce"]),
    talk: textOf(spreed["version"]) || null,
    features: Array.isArray(features) ? features : [],
    maxLength: numberOf(objectOf(objectOf(spreed["config"])["chat"])["max-length"]),
  };
}

/**
 * Version, accounts, bots as the server has them, the throttle. `active` also signs a harmless call for each bot, which
 * the server punishes where the secret is wrong.
 */
export async function probe(state: State, level: "passive" | "active", signal: AbortSignal): Promise<ProbeReport> {
  const seen = await see(state, signal);
  const { host, memory } = state;
  await memory.keepServer({ talk: seen.talk, askFeatures: seen.features.includes("bot-features-api") });
  const checks: Check[] = [serverCheck(seen), ...throttleChecks(state, seen), hooksCheck(state)];
  const admin = await adminChecks(state, signal);
  const reading = await accountChecks(state, signal);
  checks.push(...admin.checks, ...reading.checks, ...backendChecks(state));
  if (level === "active") checks.push(...(await signatureChecks(state, signal)));
  const stopped = state.stop.current();
  // After the report is kept: a stopped address is more than a check that failed.
  if (stopped)
    void host.clock.sleep(50, host.signal).then(
      () =>
        host.report(
          { kind: "connection" },
          { state: "auth_required", reason: stopped.reason, ...(stopped.fix ? { remedy: stopped.fix } : {}) },
        ),
      () => {}, // closed meanwhile
    );
  return {
    server: { name: "Nextcloud Talk", version: seen.talk },
    checks,
    continuity: reading.usable ? "observed" : "unprovable",
    narrow: narrowed(state, seen, admin.list !== null, accountsOf(host.connection.settings).length > 0),
  };
}

function serverCheck({ talk, version, features }: Seen): Check {
  if (talk === null)
    return {
      name: "server",
      state: "fail",
      detail: "this Nextcloud shows no Talk: the app spreed is missing or off",
      fix: "occ app:enable spreed",
    };
  const detail = `Talk ${talk} on Nextcloud ${textOf(version["string"])}`;
  if (!features.includes("bots-v1"))
    return { name: "server", state: "fail", detail: `${detail} has no bots: they came with Talk 17.1` };
  const old = atLeast(talk, "21") ? "" : ": no reactions are heard before 21";
  const guess = atLeast(talk, "22.0.9") ? "" : "; who reacted is not told before 22.0.9";
  return { name: "server", state: "ok", detail: `${detail}${old}${old ? "" : guess}` };
}

function throttleChecks(state: State, { bruteforce }: Seen): Check[] {
  const fix = throttleStep(state).run.command ?? "";
  const stopped = state.stop.current();
  const delay = delayOf(bruteforce);
  // Known before the first call: a wrong one would be slept over for longer than a caller waits for its 401.
  state.stop.sawThrottle(delay);
  if (stopped) return [{ name: "throttle", state: "fail", detail: stopped.reason, fix: stopped.fix ?? fix }];
  if (delay > 0)
    return [{ name: "throttle", state: "warn", detail: `the server slows this address by ${delay} ms`, fix }];
  return [{ name: "throttle", state: "ok", detail: "the server does not slow this address" }];
}

function hooksCheck(state: State): Check {
  try {
    const url = hookUrl(state, "<bot>", 1);
    return { name: "hooks", state: "ok", detail: `the server calls us at ${url}` };
  } catch (error) {
    const fix = isBotyardError(error) ? error.details.fix : undefined;
    return {
      name: "hooks",
      state: "warn",
      detail: "no address is configured under which the server reaches us: bots cannot be installed and hear nothing",
      ...(fix ? { fix } : {}),
    };
  }
}

function narrowed(state: State, seen: Seen, admin: boolean, accounts: boolean): Readonly<Record<string, Capability>> {
  const { id } = state.host.connection;
  const narrow: Record<string, Capability> = {};
  const noAdmin = {
    support: "degraded",
    actsAs: "admin",
    reason: "no-administrator",
    detail: "Without an administrator's app password only what Botyard remembers of its own bots is shown.",
    remedy: `botyard credentials login ${id} ${kinds.admin}`,
  } as const;
  if (!admin) {
    narrow["bots.list"] = noAdmin;
    narrow["bots.get"] = noAdmin;
    narrow["talk.features"] = {
      support: "none",
      reason: "no-administrator",
      detail: "Only an administrator's app password shows what a bot may do.",
      remedy: noAdmin.remedy,
    };
  }
  if (!accounts)
    for (const operation of accountOperations)
      narrow[operation] = {
        support: "none",
        reason: "no-account",
        detail: "Talk gives bots no such call, and no person's account is named that could do it.",
        remedy: `botyard connections update ${id} -o accounts=<name>`,
      };
  const send = capabilities["messages.send"];
  if (seen.maxLength > 0 && seen.maxLength < send.limits.text.max) {
    const limits = { text: { ...send.limits.text, max: seen.maxLength } };
    narrow["messages.send"] = { ...send, limits };
    if (accounts) narrow["messages.update"] = { ...capabilities["messages.update"], limits };
  }
  if (!seen.features.includes("bot-features-api"))
    narrow["talk.ask-features"] = {
      support: "none",
      reason: "older-server",
      detail: "A bot can ask for its features from Talk 25 on.",
    };
  return narrow;
}
