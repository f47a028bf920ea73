import type { BotTarget, OpenStep, StepDraft, StepVerdict } from "@botyard/sdk";
import { decodeBot } from "./decode.ts";
import { hookUrl } from "./hooks.ts";
import { manager, type State } from "./state.ts";

/** What is not done yet must not be tried: the server would refuse it. */
const needsInstallation = ["messages.send", "messages.update", "messages.delete", "rooms.add-bot", "files.upload"];

export interface Installation {
  readonly handle: string;
  readonly username: string;
  readonly displayName: string | null;
  readonly description: string | null;
  readonly generation: number;
  readonly secret: string;
}

const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

function commandOf(url: string, { username, displayName, description, secret }: Installation): string {
  const words = [username, secret, url, displayName ?? "", description ?? ""].map(quote);
  return `sandbox bot:install ${words.join(" ")}`;
}

const where = "the sandbox's console: botyard sandbox operate '…'";

/** `sealed`: see `reinstallStep`. */
export function installStep({ host }: State, bot: Installation, sealed = false): StepDraft {
  const url = hookUrl(host, bot.handle, bot.generation);
  return {
    kind: "install",
    title: `Install the bot "${bot.displayName ?? bot.username}"`,
    why: "On this server only a person at the console can make bots.",
    run: { where, command: commandOf(url, bot) },
    secret: true,
    verify: { url, sealed },
    blocks: needsInstallation,
  };
}

/**
 * A change of name or secret is a new installation under a new URL. `sealed`: the secret waits as `bot-secret-next`
 * until the step is done, so that the old one works until then.
 */
export function reinstallStep(
  { host }: State,
  nativeId: string,
  bot: Installation,
  why: string,
  sealed: boolean,
): StepDraft {
  const url = hookUrl(host, bot.handle, bot.generation);
  return {
    kind: "reinstall",
    title: `Install the bot "${bot.displayName ?? bot.username}" again`,
    why,
    run: { where, command: `sandbox bot:uninstall ${quote(nativeId)} && ${commandOf(url, bot)}` },
    secret: true,
    verify: { url, sealed },
  };
}

/** `forget`: with it the bot is gone for us too; else it may be installed again. */
export function uninstallStep(bot: BotTarget, nativeId: string, why: string, forget: boolean): StepDraft {
  return {
    kind: "uninstall",
    title: `Uninstall the bot "${bot.displayName ?? bot.username}"`,
    why,
    run: { where, command: `sandbox bot:uninstall ${quote(nativeId)}` },
    verify: { nativeId, forget },
  };
}

export function stateStep(bot: BotTarget, nativeId: string, active: boolean): StepDraft {
  return {
    kind: "state",
    title: `Set the bot "${bot.displayName ?? bot.username}" to ${active ? "active" : "inactive"}`,
    why: "On this server only a person at the console can do it.",
    run: { where, command: `sandbox bot:state ${quote(nativeId)} ${active ? 1 : 0}` },
    verify: { nativeId, active },
  };
}

/** Looks at the server's list of bots. */
export async function verify(state: State, step: OpenStep, signal: AbortSignal): Promise<StepVerdict> {
  const { bots } = await state.api.listBots(await manager(state), {}, signal);
  const { url, nativeId, active, sealed } = step.verify;
  switch (step.kind) {
    case "install":
    case "reinstall": {
      const found = bots.find(({ hook_url }) => hook_url === url);
      if (!found) return { state: "open", note: "no bot with this URL is installed" };
      const next =
        sealed === true && step.bot
          ? await state.host.credentials.find({ kind: "bot-secret-next", bot: step.bot.handle })
          : null;
      return {
        state: "done",
        note: "found by its URL",
        bot: decodeBot(found),
        ...(next ? { credentials: [{ kind: "bot-secret", secret: next.secret }] } : {}),
      };
    }
    case "uninstall": {
      if (bots.some(({ bot_id }) => bot_id === nativeId)) return { state: "open", note: "the bot is still installed" };
      const note = "the bot is gone";
      if (step.verify["forget"] === true || !step.bot) return { state: "done", note, gone: true };
      const { username, displayName, description } = step.bot;
      return { state: "done", note, bot: { nativeId: null, username, displayName, description, enabled: true } };
    }
    case "state": {
      const found = bots.find(({ bot_id }) => bot_id === nativeId);
      return found && found.active === active
        ? { state: "done", bot: decodeBot(found) }
        : { state: "open", note: `the bot is ${found ? "as before" : "gone"}` };
    }
    default:
      return { state: "open", note: "the sandbox knows no step of this kind" };
  }
}
