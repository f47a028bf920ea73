import { definePlatform } from "@botyard/sdk";
import { capabilities } from "./capabilities.ts";
import { createContext } from "./context.ts";
import { effective } from "./effective.ts";
import { extras } from "./extras.ts";
import { createLimits } from "./limits.ts";
import { login } from "./login.ts";
import * as native from "./native.ts";
import { bots } from "./operations/bots.ts";
import { credentials } from "./operations/credentials.ts";
import { files } from "./operations/files.ts";
import { members } from "./operations/members.ts";
import { messages } from "./operations/messages.ts";
import { presence } from "./operations/presence.ts";
import { reactions } from "./operations/reactions.ts";
import { rooms } from "./operations/rooms.ts";
import { stoat } from "./operations/stoat.ts";
import { users } from "./operations/users.ts";
import { probe } from "./probe.ts";
import { createReceive } from "./receive.ts";
import { reconcile } from "./reconcile.ts";
import { resolveRoom } from "./rooms.ts";
import { settings } from "./settings.ts";

/** Bots of a person's account on a Stoat (formerly Revolt) instance, hosted or self-hosted. */
export default definePlatform({
  id: "stoat",
  namespace: "stoat",
  title: "Stoat",
  contract: 1,
  url: "required",
  settings,
  credentials: {
    "owner-session": {
      title: "Session of the account that owns the bots",
      holder: "connection",
      help: "paste the session token of a client that is signed in",
      login: true,
      recover: "reissue",
    },
    "bot-token": {
      title: "Token of a bot",
      holder: "bot",
      help: "shown in the client's bot settings",
      recover: "refetch",
    },
  },
  capabilities,
  extras,
  native,
  massMentions: ["@everyone", "@online"],
  async open(host) {
    const context = createContext(host);
    return {
      operations: {
        ...bots(context),
        ...credentials(context),
        ...rooms(context),
        ...members(context),
        ...messages(context),
        ...reactions(context),
        ...presence(context),
        ...files(context),
        ...users(context),
        ...stoat(context),
      },
      probe: ({ signal }) => probe(context, signal),
      resolveRoom: (ref, as) => resolveRoom(context, ref, as),
      effective: (target) => effective(context, target),
      receive: createReceive(context),
      reconcile: (effect, signal) => reconcile(context, effect, signal),
      login: (request, signal) => login(context, request, signal),
      limits: createLimits(host.connection.id),
      async close() {
        await Promise.all([...context.links.values()].map(({ gateway }) => gateway.end(null)));
      },
    };
  },
});
