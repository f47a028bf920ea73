import { definePlatform, type Session } from "@botyard/sdk";
import { capabilities, type Capabilities } from "./capabilities.ts";
import { createContext, type Context } from "./context.ts";
import { pruneInvocations } from "./invocations.ts";
import { limits } from "./limits.ts";
import * as native from "./native.ts";
import { bots, users } from "./operations/bots.ts";
import { credentials } from "./operations/credentials.ts";
import { files } from "./operations/files.ts";
import { mattermost } from "./operations/mattermost.ts";
import { members } from "./operations/members.ts";
import { messages } from "./operations/messages.ts";
import { presence, typing } from "./operations/presence.ts";
import { reactions } from "./operations/reactions.ts";
import { rooms } from "./operations/rooms.ts";
import { probe } from "./probe.ts";
import { createReceive } from "./receive.ts";
import { reconcile } from "./reconcile.ts";
import { resolveRoom } from "./rooms.ts";
import { extras, settings } from "./settings.ts";
import { verify } from "./steps.ts";

export { createMattermostClient, type MattermostClient, type MattermostClientOptions } from "./client.ts";

function open(context: Context): Session<Capabilities> {
  return {
    operations: {
      ...bots(context),
      ...users(context),
      ...credentials(context),
      ...rooms(context),
      ...members(context),
      ...messages(context),
      ...reactions(context),
      ...typing(context),
      ...presence(context),
      ...files(context),
      ...mattermost(context),
    },
    probe: ({ signal }) => probe(context, signal),
    resolveRoom: (ref, as) => resolveRoom(context, ref, as),
    receive: createReceive(context),
    reconcile: (effect, signal) => reconcile(context, effect, signal),
    verify: (step, signal) => verify(context, step, signal),
    limits,
    close: async () => {},
  };
}

/** Bots of a Mattermost server: accounts, tokens, rooms, messages, one WebSocket for each bot. */
export default definePlatform({
  id: "mattermost",
  namespace: "mattermost",
  title: "Mattermost",
  contract: 1,
  url: "required",
  settings,
  credentials: {
    "admin-token": {
      title: "Access token of a system administrator",
      holder: "connection",
      required: true,
      help: "in Mattermost, as a person: Profile > Security > Personal Access Tokens (System Console > Integrations > Enable Personal Access Tokens)",
      recover: "reissue",
    },
    "bot-token": {
      title: "Access token of a bot",
      holder: "bot",
      help: "System Console or Integrations > Bot Accounts > Create New Token",
      recover: "reissue",
    },
  },
  capabilities,
  extras,
  native,
  massMentions: ["@all", "@channel", "@here"],
  async open(host) {
    const context = createContext(host);
    await pruneInvocations(context);
    return open(context);
  },
});
