import { BotyardError, type BotAnswer, type BotTarget, type Call, type HandlersOf, type NativeBot } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeBot, decodeChanges, decodeUser } from "../decode.ts";
import { hookUrl } from "../hooks.ts";
import { managing, type State } from "../state.ts";
import { installStep, reinstallStep, stateStep, uninstallStep, type Installation } from "../steps.ts";
import type { WireBot } from "../wire.ts";

/** The bot of a call that names one. */
export function botOf(call: Call): BotTarget {
  if (call.bot) return call.bot;
  throw new BotyardError("not_found", "There is no such bot.");
}

/** The server's id of the bot of a call. Throws `operator_required` while there is none. */
export function nativeIdOf(call: Call): string {
  const bot = botOf(call);
  if (bot.nativeId !== null) return bot.nativeId;
  throw new BotyardError("operator_required", `${bot.handle} has not been installed on the sandbox yet.`, {
    fix: "botyard steps list",
  });
}

function toNative(bot: BotTarget): NativeBot {
  const { nativeId, username, displayName, description, enabled } = bot;
  return { nativeId, username, displayName, description, enabled };
}

export const bots = (state: State): HandlersOf<Capabilities, "bots"> => {
  const { api, traits, host } = state;
  const installs = traits.policy.install === "console";

  const all = async (call: Call): Promise<readonly WireBot[]> =>
    (await managing(state, call, (auth) => api.listBots(auth, {}, call.signal))).bots;

  const active = async (call: Call, wanted: boolean): Promise<BotAnswer> => {
    const id = nativeIdOf(call);
    if (installs) return { bot: toNative(botOf(call)), steps: [stateStep(botOf(call), id, wanted)] };
    const { bot } = await managing(state, call, (auth) =>
      api.changeBot(auth, { bot_id: id, active: wanted }, call.signal),
    );
    return { bot: decodeBot(bot) };
  };

  return {
    "bots.list": async ({ limit = 100, cursor }, call) => {
      const found = await all(call);
      const start = cursor === undefined ? 0 : found.findIndex(({ bot_id }) => bot_id === cursor) + 1;
      const items = found.slice(start, start + limit);
      const last = items.at(-1);
      return { items: items.map(decodeBot), ...(last && start + limit < found.length ? { next: last.bot_id } : {}) };
    },
    "bots.get": async (_input, call) => {
      const bot = botOf(call);
      const found = (await all(call)).find(({ bot_id }) => bot_id === bot.nativeId);
      if (found) return decodeBot(found);
      if (bot.nativeId === null) return toNative(bot);
      throw new BotyardError("not_found", `The sandbox has no bot ${bot.handle} any more.`);
    },
    "bots.create": async ({ handle, username = handle, displayName = null, description = null, options }, call) => {
      if (!installs) {
        const badge = typeof options?.["badge"] === "string" ? options["badge"] : null;
        const wish = { user_name: username, full_name: displayName, about: description, badge };
        const { bot, token } = await managing(state, call, (auth) => api.createBot(auth, wish, call.signal));
        return {
          bot: decodeBot(bot),
          credentials: [{ kind: "bot-token", secret: token }],
          ...decodeChanges(username, bot),
        };
      }
      if (options?.["badge"] !== undefined) {
        throw new BotyardError("unsupported_param", "Installed bots have no badge here; nothing was done.", {
          issues: [{ path: "options.badge", expected: "no such field here" }],
        });
      }
      const secret = newSecret();
      const bot: Installation = { handle, username, displayName, description, generation: 1, secret };
      return {
        bot: { nativeId: null, username, displayName, description, enabled: true },
        credentials: [{ kind: "bot-secret", secret }],
        steps: [installStep(state, bot)],
      };
    },
    "bots.update": async ({ username, displayName, description }, call) => {
      const before = botOf(call);
      const id = nativeIdOf(call);
      if (!installs) {
        const wish = {
          bot_id: id,
          ...(username === undefined ? {} : { user_name: username }),
          ...(displayName === undefined ? {} : { full_name: displayName }),
          ...(description === undefined ? {} : { about: description }),
        };
        const { bot } = await managing(state, call, (auth) => api.changeBot(auth, wish, call.signal));
        return { bot: decodeBot(bot), ...decodeChanges(username, bot) };
      }
      const secret = await host.credentials.find({ kind: "bot-secret", bot: before.handle });
      const wish: Installation = {
        handle: before.handle,
        username: username ?? before.username,
        displayName: displayName === undefined ? before.displayName : displayName,
        description: description === undefined ? before.description : description,
        generation: before.generation + 1,
        secret: secret?.secret ?? newSecret(),
      };
      const why = "Names are fixed when a bot is installed; it gets a new id.";
      return { bot: toNative(before), steps: [reinstallStep(state, id, wish, why, false)] };
    },
    "bots.assign": async ({ owner }, call) => {
      const args = { bot_id: nativeIdOf(call), owner_id: owner };
      return { bot: decodeBot((await managing(state, call, (auth) => api.assignBot(auth, args, call.signal))).bot) };
    },
    "bots.convert-to-user": async ({ password }, call) => {
      const args = { bot_id: nativeIdOf(call), password };
      return decodeUser((await managing(state, call, (auth) => api.retireBot(auth, args, call.signal))).user);
    },
    "bots.enable": (_input, call) => active(call, true),
    "bots.disable": (_input, call) => active(call, false),
    "bots.delete": async (_input, call) => {
      const { nativeId } = botOf(call);
      if (nativeId === null) {
        // asked for and never installed; who installs it later finds it in the list of the server
        const url = hookUrl(host, botOf(call).handle, botOf(call).generation);
        const found = (await all(call)).find(({ hook_url }) => hook_url === url);
        return found ? { steps: [uninstallStep(botOf(call), found.bot_id, consoleOnly, true)] } : {};
      }
      if (installs) return { steps: [uninstallStep(botOf(call), nativeId, consoleOnly, true)] };
      await managing(state, call, (auth) => api.destroyBot(auth, { bot_id: nativeId }, call.signal));
      return {};
    },
    "bots.get-icon": async (_input, call) => {
      const { body, mime, bytes } = await managing(state, call, (auth) =>
        api.getIcon(auth, { bot_id: nativeIdOf(call) }, call.signal),
      );
      return { body, type: mime, size: bytes };
    },
    "bots.set-icon": async ({ icon }, call) => {
      const { mime, bytes } = await managing(state, call, (auth) =>
        api.putIcon(auth, { bot_id: nativeIdOf(call), mime: icon.type, body: icon.body }, call.signal),
      );
      return { type: mime, size: bytes };
    },
    "bots.delete-icon": async (_input, call) => {
      await managing(state, call, (auth) => api.dropIcon(auth, { bot_id: nativeIdOf(call) }, call.signal));
      return {};
    },
  };
};

const consoleOnly = "On this server only a person at the console can do it.";

/** 256 bits in hex. */
export function newSecret(): string {
  return [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
