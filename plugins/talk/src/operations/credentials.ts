import type { HandlersOf } from "@botyard/sdk";
import { urlOf } from "../bots.ts";
import type { Capabilities } from "../capabilities.ts";
import { installAgain } from "../installations.ts";
import { botOf, type State } from "../state.ts";
import { uninstallStep } from "../steps.ts";

export const whyAgain = {
  "keep-identity":
    "Talk changes no secret in place. The author stays; its rooms are set up again afterwards, and what is written in between is missed.",
  "no-gap":
    "Talk changes no secret in place. A second installation takes the rooms over before the old one goes; its author is a new one.",
} as const;

export const credentials = (state: State): HandlersOf<Capabilities, "credentials"> => ({
  "credentials.rotate": async (_input, call) => {
    const strategy = state.host.connection.settings.rotation;
    return { steps: [await installAgain(state, botOf(call), { strategy, why: whyAgain[strategy] })] };
  },

  "credentials.revoke": async (_input, call) => {
    const bot = botOf(call);
    const installed = { id: state.memory.bot(bot.handle).id, url: urlOf(state, bot) };
    const why =
      "The server refuses the secret only when its bot is uninstalled. To bring the bot back: credentials rotate.";
    return { steps: [uninstallStep(state, "revoke", bot.displayName ?? bot.handle, installed, why)] };
  },
});
