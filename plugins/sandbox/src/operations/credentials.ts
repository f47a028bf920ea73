import type { HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { managing, type State } from "../state.ts";
import { installStep, reinstallStep, uninstallStep } from "../steps.ts";
import { botOf, nativeIdOf, newSecret } from "./bots.ts";

export const credentials = (state: State): HandlersOf<Capabilities, "credentials"> => {
  const { api, host, traits } = state;
  const installs = traits.policy.install === "console";
  return {
    "credentials.issue": async (_input, call) => {
      const args = { bot_id: nativeIdOf(call), replace: false };
      const { token } = await managing(state, call, (auth) => api.issueToken(auth, args, call.signal));
      return { credential: { kind: "bot-token", secret: token } };
    },
    "credentials.rotate": async (_input, call) => {
      if (!installs) {
        const args = { bot_id: nativeIdOf(call), replace: true };
        const { token } = await managing(state, call, (auth) => api.issueToken(auth, args, call.signal));
        return { credential: { kind: "bot-token", secret: token } };
      }
      const bot = botOf(call);
      const secret = newSecret();
      await host.credentials.put({ kind: "bot-secret-next", secret, bot: bot.handle });
      if (bot.nativeId === null) return { steps: [installStep(state, { ...bot, secret }, true)] };
      const wish = { ...bot, generation: bot.generation + 1, secret };
      const why = "A secret is fixed when a bot is installed.";
      return { steps: [reinstallStep(state, bot.nativeId, wish, why, true)] };
    },
    "credentials.disable": async (_input, call) => {
      await managing(state, call, (auth) =>
        api.switchTokens(auth, { bot_id: nativeIdOf(call), on: false }, call.signal),
      );
      return {};
    },
    "credentials.enable": async (_input, call) => {
      await managing(state, call, (auth) =>
        api.switchTokens(auth, { bot_id: nativeIdOf(call), on: true }, call.signal),
      );
      return {};
    },
    "credentials.revoke": async (_input, call) => {
      const id = nativeIdOf(call);
      if (installs)
        return { steps: [uninstallStep(botOf(call), id, "A secret ends only with its installation.", false)] };
      await managing(state, call, (auth) => api.revokeTokens(auth, { bot_id: id }, call.signal));
      return {};
    },
  };
};
