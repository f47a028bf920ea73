import type { BotTarget, StepDraft } from "@botyard/sdk";
import { numberOfState, type StateName } from "./bots.ts";
import { unknownId, type Installing } from "./occ.ts";
import { usualOcc } from "./settings.ts";
import type { State } from "./state.ts";
import type { Feature } from "./wire.ts";

/** Calls the server would punish while a bot is not as Botyard believes. */
const signedCalls = ["messages.send", "reactions.add", "reactions.remove"];

// A line with a secret begins with a space, which keeps it out of the shell's history.
function onServer({ url, host }: State, command: string): StepDraft["run"] {
  // How occ is called there is a guess until somebody has said it.
  const { id, settings } = host.connection;
  const hint = `other prefix (container): botyard connections update ${id} -o occ='docker exec -u www-data nextcloud php occ'`;
  return {
    where: `the machine of ${url}, in the Nextcloud folder`,
    command,
    ...(settings.occ === usualOcc ? { hint } : {}),
  };
}
const nameOf = (bot: Pick<BotTarget, "displayName" | "handle">): string => bot.displayName ?? bot.handle;
const idOf = (state: State, handle: string): string => String(state.memory.bot(handle).id ?? unknownId);

export function installStep(state: State, bot: Installing, generation: number): StepDraft {
  return {
    kind: "install",
    title: `Install the bot "${bot.name}"`,
    why: "Talk has no call that installs a bot: occ on the server does it.",
    run: onServer(state, ` ${state.occ.install(bot)}`),
    secret: true,
    verify: { url: bot.url, generation },
    blocks: [...signedCalls, "rooms.add-bot"],
  };
}

/** A new name or secret under the same URL: the author stays, the number and all rooms are lost and set up again. */
export function reinstallStep(
  state: State,
  bot: Installing,
  before: { readonly id: number | null; readonly oldUrl: string; readonly generation: number },
  why: string,
): StepDraft {
  const uninstall = state.occ.uninstall({ id: before.id, url: before.oldUrl });
  return {
    kind: "reinstall",
    title: `Install the bot "${bot.name}" again`,
    why,
    run: onServer(state, ` ${uninstall} && ${state.occ.install(bot)}`),
    secret: true,
    verify: { url: bot.url, generation: before.generation, ...(before.id === null ? {} : { previousId: before.id }) },
    // Whether it was run already can be seen before a send where an administrator may look; else nothing is risked.
    ...(before.id === null ? { blocks: signedCalls } : {}),
  };
}

/** A second installation beside the first: nothing is missed, but the author is a new one. */
export function secondStep(state: State, bot: Installing, generation: number): StepDraft {
  return {
    kind: "second",
    title: `Install the bot "${bot.name}" a second time, under its new address`,
    why: "The new secret needs a new installation; the old one keeps working until its rooms are taken over.",
    run: onServer(state, ` ${state.occ.install(bot)}`),
    secret: true,
    verify: { url: bot.url, generation },
  };
}

export function uninstallStep(
  state: State,
  kind: "uninstall" | "retire" | "revoke",
  name: string,
  bot: { readonly id: number | null; readonly url: string },
  why: string,
): StepDraft {
  const title =
    kind === "retire" ? `Uninstall the old installation of the bot "${name}"` : `Uninstall the bot "${name}"`;
  return {
    kind,
    title,
    why,
    run: onServer(state, state.occ.uninstall(bot)),
    verify: { url: bot.url },
    ...(kind === "retire" ? {} : { blocks: signedCalls }),
  };
}

export function stateStep(
  state: State,
  bot: BotTarget,
  wanted: StateName,
  features: readonly Feature[] | undefined,
  why: string,
): StepDraft {
  const what = features ? `may ${features.join(", ")}` : wanted;
  return {
    kind: "state",
    title: `Set the bot "${nameOf(bot)}" to ${wanted === "disabled" ? "disabled" : what}`,
    why,
    run: onServer(state, state.occ.state(idOf(state, bot.handle), numberOfState(wanted), features)),
    verify: {
      nativeId: bot.nativeId,
      state: numberOfState(wanted),
      ...(features ? { features: [...new Set(features)] } : {}),
    },
    ...(wanted === "disabled" ? { blocks: signedCalls } : {}),
  };
}

export function setupStep(state: State, bot: BotTarget, rooms: readonly string[], why: string): StepDraft {
  const [only] = rooms;
  return {
    kind: rooms.length === 1 && only !== undefined ? `setup-${only}` : "setup",
    title: `Set the bot "${nameOf(bot)}" up in ${rooms.length === 1 ? `the room ${only ?? ""}` : `${rooms.length} rooms`}`,
    why,
    run: onServer(state, state.occ.setup(idOf(state, bot.handle), rooms)),
    verify: { rooms: [...rooms] },
  };
}

export function removeStep(state: State, bot: BotTarget, room: string, why: string): StepDraft {
  return {
    kind: `remove-${room}`,
    title: `Take the bot "${nameOf(bot)}" out of the room ${room}`,
    why,
    run: onServer(state, state.occ.remove(idOf(state, bot.handle), [room])),
    verify: { gone: room },
  };
}

/** The address the server sees: the setting, else loopback where the server is there, else a person fills it in. */
function throttleAddress({ host, url }: State): string {
  const { address } = host.connection.settings;
  if (address !== undefined) return address;
  const name = URL.canParse(url) ? new URL(url).hostname : "";
  return name === "127.0.0.1" || name === "localhost" ? "127.0.0.1" : "'<the address of this machine>'";
}

export function throttleStep(state: State): StepDraft {
  return {
    kind: "throttle",
    title: "Lift the server's throttle for Botyard's address",
    why: "A wrong signature makes Nextcloud slow down every bot call from this address for 12 hours.",
    run: onServer(state, state.occ.resetThrottle(throttleAddress(state))),
    verify: {},
    blocks: signedCalls,
  };
}
