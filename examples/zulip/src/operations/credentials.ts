import type { Call, HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { admin, explained, missing, type State } from "../state.ts";
import { idOf } from "./bots.ts";

/** There is one key a bot, and a new one kills the old one at once. */
export const credentials = (state: State): HandlersOf<Capabilities, "credentials"> => {
  const renew = async (call: Call): Promise<string> => {
    const on = await admin(state, call.signal);
    const { email } = await explained(state.api.user(on, idOf(call)), missing("bot"));
    return `${email}:${await explained(state.api.regenerateKey(on, idOf(call)), missing("bot"))}`;
  };
  return {
    "credentials.issue": async (_input, call) => ({ credential: { kind: "bot-key", secret: await renew(call) } }),
    "credentials.rotate": async (_input, call) => ({ credential: { kind: "bot-key", secret: await renew(call) } }),
    "credentials.revoke": async (_input, call) => {
      await renew(call);
      return {};
    },
  };
};
