import { type AnyPlatform, defineCapabilities, definePlatform, type Session } from "@botyard/sdk";
import * as v from "valibot";

const capabilities = defineCapabilities({}, { "bots.create": { support: "native", actsAs: "admin", params: [] } });

/** A chat server that needs nothing: what is measured with it is ours alone. */
export const nullPlatform: AnyPlatform = definePlatform({
  id: "null",
  namespace: "null",
  title: "Nothing",
  contract: 1,
  url: "none",
  settings: v.strictObject({}),
  credentials: { "bot-token": { title: "Bot token", holder: "bot", recover: "reissue" } },
  capabilities,
  native: {},
  async open(): Promise<Session<typeof capabilities>> {
    return {
      operations: {
        "bots.create": async ({ handle }) => ({
          bot: { nativeId: `n-${handle}`, username: handle, displayName: null, description: null, enabled: true },
          credentials: [{ kind: "bot-token", secret: `secret-of-${handle}-0123456789abcdef` }],
        }),
      },
      probe: async () => ({ server: { name: "nothing", version: "1" }, checks: [], continuity: "proven" }),
      resolveRoom: async (room) => room,
      verify: async () => ({ state: "open" }),
      close: async () => {},
    };
  },
});
