import type { BotTarget, OpenStep, StepVerdict } from "@botyard/sdk";
import { byUrl, isAuthor, remembered, serverBots, toNative, urlOf } from "./bots.ts";
import { restoreRooms } from "./restore.ts";
import { authorOf } from "./signature.ts";
import { kinds, type State } from "./state.ts";
import { uninstallStep } from "./steps.ts";
import { readThrottle } from "./throttle.ts";
import { featuresOf, numberOf, textOf, type WireBot } from "./wire.ts";

const open = (note: string): StepVerdict => ({ state: "open", note });

/**
 * Looks without risk: at the server's list of bots, by the sha1 of the URL, where an administrator's app password is
 * there; else at the first webhook the installation signed.
 */
export async function verify(state: State, step: OpenStep, signal: AbortSignal): Promise<StepVerdict> {
  const { bot } = step;
  if (step.kind === "throttle") return verifyThrottle(state, signal);
  if (bot === null) return open("this step belongs to no bot any more");
  const [kind = ""] = step.kind.split("-");
  switch (kind) {
    case "install":
    case "reinstall":
    case "second":
      return verifyInstalled(state, step, bot, signal);
    case "uninstall":
    case "retire":
    case "revoke":
      return verifyGone(state, step, bot, signal);
    case "state":
      return verifyState(state, step, bot, signal);
    case "setup": {
      const rooms = Array.isArray(step.verify["rooms"]) ? step.verify["rooms"].map(String) : [];
      const missing = rooms.filter((room) => !state.memory.rooms(bot.handle).has(room));
      return missing.length === 0
        ? { state: "done", note: "the bot was heard joining" }
        : open(`not heard from ${missing.join(", ")} yet`);
    }
    case "remove":
      return state.memory.rooms(bot.handle).has(textOf(step.verify["gone"]))
        ? open("the bot is still there")
        : { state: "done", note: "the bot has left" };
    default:
      return open("Talk knows no step of this kind");
  }
}

async function verifyInstalled(
  state: State,
  step: OpenStep,
  bot: BotTarget,
  signal: AbortSignal,
): Promise<StepVerdict> {
  const { memory, host } = state;
  const url = textOf(step.verify["url"]);
  const generation = numberOf(step.verify["generation"]);
  const again = step.kind !== "install";
  const waiting = again ? await host.credentials.find({ kind: kinds.next, bot: bot.handle }) : null;
  const wanted = again ? kinds.next : kinds.secret;
  const heard = memory.heard(bot.handle).find((one) => one.generation === generation && one.kind === wanted);
  const bots = await serverBots(state, signal);
  const found = bots === null ? undefined : byUrl(bots, url);
  const previous = step.verify["previousId"];
  const isNew = found !== undefined && (step.kind !== "reinstall" || previous === undefined || found.id !== previous);
  // The list does not show secrets: without the number before, only a webhook tells old from new.
  const proven = heard !== undefined || (isNew && (step.kind !== "reinstall" || previous !== undefined));
  if (!proven)
    return open(
      bots === null
        ? "no webhook of it yet: set it up in a room, or write there"
        : found
          ? "still the old installation"
          : "no bot with this URL is installed",
    );
  const oldUrl = urlOf(state, bot);
  const now: BotTarget = { ...bot, nativeId: heard?.author ?? authorOf(url) };
  await memory.keepBot(bot.handle, {
    id: found?.id ?? null,
    url,
    state: found?.state ?? null,
    features: found?.features ?? null,
  });
  if (again) {
    await memory.keepPending(bot.handle, null);
    if (step.kind === "second") await retireOld(state, bot, oldUrl, waiting?.secret);
    await restoreRooms(state, now, found?.id ?? null, signal);
  }
  return {
    state: "done",
    note: found ? `found by URL, ${sayFeatures(found)}` : "its first signed webhook came",
    bot: found ? toNative(state, bot.handle, found) : remembered(state, now),
    ...(waiting ? { credentials: [{ kind: kinds.secret, secret: waiting.secret }] } : {}),
  };
}

function sayFeatures(bot: WireBot): string {
  const features = featuresOf(bot.features);
  const lacks = (["webhook", "response"] as const).filter((name) => !features.includes(name));
  const off = bot.state === 0 ? ", but switched off on the server" : "";
  const silenced = features.includes("event") ? ", but the feature event silences its webhook" : "";
  return `features ${features.join(", ") || "none"}${lacks.length > 0 ? `, without ${lacks.join(", ")}` : ""}${off}${silenced}`;
}

/** The old installation keeps hearing with its old secret until it is gone. */
async function retireOld(state: State, bot: BotTarget, url: string, next: string | undefined): Promise<void> {
  const { host } = state;
  const old = await host.credentials.find({ kind: kinds.secret, bot: bot.handle });
  // Looked at twice at the same time, the new one may be in its place already.
  if (old && old.secret !== next) await host.credentials.put({ kind: kinds.old, secret: old.secret, bot: bot.handle });
  host.step(
    uninstallStep(
      state,
      "retire",
      bot.displayName ?? bot.handle,
      { id: null, url },
      "The new installation has taken over.",
    ),
    bot.handle,
  );
}

async function verifyGone(state: State, step: OpenStep, bot: BotTarget, signal: AbortSignal): Promise<StepVerdict> {
  const bots = await serverBots(state, signal);
  if (bots === null) return open("nobody here may look: after it is done, botyard steps dismiss and bots release");
  if (byUrl(bots, textOf(step.verify["url"]))) return open("the bot is still installed");
  if (step.kind === "retire") {
    // Nothing signed with the old secret is believed any more.
    const { host } = state;
    const now = await host.credentials.find({ kind: kinds.secret, bot: bot.handle });
    if (now) await host.credentials.put({ kind: kinds.old, secret: now.secret, bot: bot.handle });
    return { state: "done", note: "the old installation is gone" };
  }
  await state.memory.forget(bot.handle);
  if (step.kind === "revoke")
    return { state: "done", note: "the bot is uninstalled", bot: { ...remembered(state, bot, null), nativeId: null } };
  return { state: "done", note: "the bot is gone", gone: true };
}

async function verifyState(state: State, step: OpenStep, bot: BotTarget, signal: AbortSignal): Promise<StepVerdict> {
  const bots = await serverBots(state, signal);
  if (bots === null)
    return open("only an administrator's app password shows it: after it is done, botyard steps dismiss");
  const found = bots.find((one) => isAuthor(one, bot.nativeId));
  if (!found) return open("the server has no such bot any more");
  if (found.state !== step.verify["state"]) return open("the bot is as before");
  const wanted = step.verify["features"];
  const features = featuresOf(found.features);
  const same =
    !Array.isArray(wanted) || (wanted.length === features.length && wanted.every((one) => features.includes(one)));
  if (!same) return open(sayFeatures(found));
  return { state: "done", note: sayFeatures(found), bot: toNative(state, bot.handle, found) };
}

async function verifyThrottle(state: State, signal: AbortSignal): Promise<StepVerdict> {
  const delay = await readThrottle(state, signal);
  if (delay > 0) return open(`the server still slows this address by ${delay} ms`);
  const stopped = state.stop.current();
  const bot = stopped?.bot === null ? undefined : state.bots.get(stopped?.bot ?? "");
  if (bot && (stopped?.cause === "features" || stopped?.cause === "state")) {
    // Another 401 would bring the throttle back.
    const found = (await serverBots(state, signal))?.find((one) => isAuthor(one, bot.nativeId));
    if (found && (found.state === 0 || !featuresOf(found.features).includes("response")))
      return open(`the throttle is lifted, but not its cause: ${stopped.reason}`);
  }
  await state.stop.clear();
  return { state: "done", note: "the server no longer slows this address; bots may send again" };
}
