import { BotyardError, type HandlersOf, type NativeBot } from "@botyard/sdk";
import * as v from "valibot";
import { isAuthor, onState, remembered, serverBots, stateName, toNative, urlOf } from "../bots.ts";
import type { Capabilities } from "../capabilities.ts";
import { install, installAgain } from "../installations.ts";
import { BotsCreateOptions, BotsUpdateOptions } from "../settings.ts";
import { newSecret, urlHash } from "../signature.ts";
import { botOf, kinds, type State } from "../state.ts";
import { stateStep, uninstallStep } from "../steps.ts";

export const bots = (state: State): HandlersOf<Capabilities, "bots"> => ({
  "bots.list": async ({ limit = 100, cursor }, call) => {
    const found = await serverBots(state, call.signal);
    const managed = [...state.bots.values()];
    const handleOf = (nativeId: string): string | null =>
      managed.find((bot) => bot.nativeId === nativeId)?.handle ?? null;
    const all: NativeBot[] =
      found === null
        ? managed.filter(({ nativeId }) => nativeId !== null).map((bot) => remembered(state, bot))
        : found.map((bot) => toNative(state, handleOf(`bots/bot-${bot.url_hash}`), bot));
    const start = cursor === undefined ? 0 : all.findIndex(({ nativeId }) => nativeId === cursor) + 1;
    const items = all.slice(start, start + limit);
    const next = start + limit < all.length ? items.at(-1)?.nativeId : undefined;
    return { items, ...(next ? { next } : {}) };
  },

  "bots.get": async (_input, call) => {
    const bot = botOf(call);
    const found = await serverBots(state, call.signal);
    if (found === null) return remembered(state, bot);
    const one = found.find((candidate) => isAuthor(candidate, bot.nativeId));
    if (one) return toNative(state, bot.handle, one);
    const { id } = state.bots.has(bot.handle) ? state.host.connection : { id: "" };
    throw new BotyardError("not_found", `the server has no bot ${bot.handle} any more: it was uninstalled`, {
      fix: `botyard credentials rotate ${id}/${bot.handle}`,
      instead: `botyard bots release ${id}/${bot.handle}`,
    });
  },

  "bots.create": async ({ handle, displayName = null, description = null, options = {} }) => {
    const { features, noSetup } = v.parse(BotsCreateOptions, options);
    await state.memory.forget(handle);
    const secret = newSecret();
    const wish = { handle, displayName, description, generation: 1 };
    const { step, url } = await install(state, wish, { features, noSetup }, secret);
    await state.memory.keepAsked(handle, { features: features ?? null, state: noSetup === true ? 2 : 1 });
    return {
      bot: {
        nativeId: null,
        username: `bot-${urlHash(url)}`,
        displayName: displayName ?? handle,
        description,
        enabled: true,
      },
      credentials: [{ kind: kinds.secret, secret }],
      steps: [step],
    };
  },

  "bots.update": async ({ displayName, description, options = {} }, call) => {
    const bot = botOf(call);
    const { features } = v.parse(BotsUpdateOptions, options);
    const renamed = displayName !== undefined && (displayName ?? bot.handle) !== (bot.displayName ?? bot.handle);
    const described = description !== undefined && (description ?? "") !== (bot.description ?? "");
    const now = remembered(state, bot);
    if (renamed || described) {
      const why =
        "Talk has no call that changes a bot's name or description: it is installed again, under the same address. Its rooms are set up again afterwards; what is written in between is missed.";
      const change = { strategy: "keep-identity", why, displayName, description, features } as const;
      return { bot: now, steps: [await installAgain(state, bot, change)] };
    }
    if (features === undefined) return { bot: now };
    const why = "What a bot may do is changed by occ only.";
    // The line sets the state as well: it stays what it is.
    const found = (await serverBots(state, call.signal))?.find((one) => isAuthor(one, bot.nativeId));
    const asked = state.memory.asked(bot.handle);
    await state.memory.keepAsked(bot.handle, { ...asked, features });
    const wanted = stateName(found?.state ?? state.memory.bot(bot.handle).state) ?? onState(asked);
    return { bot: now, steps: [stateStep(state, bot, wanted, features, why)] };
  },

  "bots.delete": async (_input, call) => {
    const bot = botOf(call);
    const url = urlOf(state, bot);
    const found = await serverBots(state, call.signal).catch(() => null);
    const one = found?.find((candidate) => isAuthor(candidate, bot.nativeId));
    if (bot.nativeId === null && found?.every((other) => other.url_hash !== urlHash(url))) return {};
    // Asked again after the step: it is gone already.
    if (bot.nativeId !== null && found && !one) return {};
    const why = "Talk has no call that uninstalls a bot. Its messages stay, under the name bot-<hash>-bot.";
    const step = uninstallStep(state, "uninstall", bot.displayName ?? bot.handle, { id: one?.id ?? null, url }, why);
    return { steps: [step] };
  },
});
