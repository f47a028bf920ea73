import { BotyardError, createServerClock, type Host, type Session } from "@botyard/sdk";
import { createApi } from "./api.ts";
import type { Capabilities } from "./capabilities.ts";
import { createDirectory } from "./directory.ts";
import { createEmojiNames } from "./emoji.ts";
import { limits } from "./limits.ts";
import { bots } from "./operations/bots.ts";
import { credentials } from "./operations/credentials.ts";
import { files } from "./operations/files.ts";
import { members } from "./operations/members.ts";
import { messages } from "./operations/messages.ts";
import { presence, typing, users } from "./operations/people.ts";
import { reactions } from "./operations/reactions.ts";
import { rooms } from "./operations/rooms.ts";
import { zulip } from "./operations/zulip.ts";
import { probe } from "./probe.ts";
import { createReceive } from "./receive.ts";
import { reconcile } from "./reconcile.ts";
import { resolveRoom } from "./resolve.ts";
import type { Settings } from "./settings.ts";
import { admin, type State } from "./state.ts";

export async function openSession(host: Host<Settings>): Promise<Session<Capabilities>> {
  const { url } = host.connection;
  if (url === null) throw new BotyardError("invalid", "A connection to Zulip needs the address of the organization.");
  const { origin } = new URL(url);
  const serverClock = createServerClock(host.clock);
  const http = serverClock.watch(host.http(origin));
  const api = createApi(http);
  const state: State = {
    host,
    origin,
    serverClock,
    api,
    directory: createDirectory(async () => api.users(await admin(state)), host.clock.now),
    emoji: createEmojiNames(http, origin, async () => {
      const on = await admin(state);
      const queue = await api.register(on);
      await api.deleteQueue(on, queue.queue_id);
      return queue.server_emoji_data_url;
    }),
    queues: new Map(),
    echoes: new Map(),
    places: new Map(),
  };
  return {
    operations: {
      ...bots(state),
      ...credentials(state),
      ...rooms(state),
      ...members(state),
      ...messages(state),
      ...reactions(state),
      ...files(state),
      ...typing(state),
      ...presence(state),
      ...users(state),
      ...zulip(state),
    },
    probe: ({ signal }) => probe(state, signal),
    resolveRoom: (ref, as) => resolveRoom(state, ref, as),
    receive: createReceive(state),
    reconcile: (effect, signal) => reconcile(state, effect, signal),
    limits: limits(host.clock.now),
    async close() {},
  };
}
