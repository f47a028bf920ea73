import { isBotyardError, type Capability, type Check, type Host, type Session } from "@botyard/sdk";
import { createApi } from "./api.ts";
import type { Capabilities } from "./capabilities.ts";
import { restoreBots } from "./memory.ts";
import { bots } from "./operations/bots.ts";
import { credentials } from "./operations/credentials.ts";
import { files } from "./operations/files.ts";
import { members } from "./operations/members.ts";
import { presence } from "./operations/presence.ts";
import { messages } from "./operations/messages.ts";
import { reactions } from "./operations/reactions.ts";
import { rooms } from "./operations/rooms.ts";
import { sandbox } from "./operations/sandbox.ts";
import { users } from "./operations/users.ts";
import { login } from "./login.ts";
import { narrow, traitsOf } from "./profiles.ts";
import { createReceive } from "./receive.ts";
import { reconcile } from "./reconcile.ts";
import { takeServer } from "./servers.ts";
import type { Settings } from "./settings.ts";
import { authOf, botAuth, managing, type State } from "./state.ts";
import { verify } from "./steps.ts";
import type { WireAuth } from "./wire-calls.ts";

export async function openSession(host: Host<Settings>): Promise<Session<Capabilities>> {
  const traits = traitsOf(host.connection.settings);
  const { server, release } = takeServer(host, traits.policy);
  const state: State = { host, traits, server, api: createApi(server) };
  await restoreBots(state);
  const closed = new AbortController();
  return {
    operations: {
      ...bots(state),
      ...credentials(state),
      ...rooms(state),
      ...members(state),
      ...messages(state),
      ...reactions(state),
      ...files(state),
      ...presence(state),
      ...users(state),
      ...sandbox(state),
    },
    async probe({ signal }) {
      const { name, version, user } = await managing(state, { as: null }, async (auth) => ({
        ...(await state.api.serverInfo(auth, {}, signal)),
        ...(await state.api.checkSession(auth, {}, signal)),
      }));
      const { profiles } = host.connection.settings;
      const checks: Check[] = [
        {
          name: "signed in",
          state: "ok",
          detail: user ? `signed in with the session of ${user.user_name}` : "signed in at the console",
        },
        {
          name: "profiles",
          state: "info",
          detail:
            profiles.length === 0 ? "no profiles: this server can do everything" : `profiles ${profiles.join(", ")}`,
        },
      ];
      return { server: { name, version }, checks, continuity: traits.continuity, narrow: narrow(traits) };
    },
    resolveRoom: async (ref, as) => {
      const auth = as ? await authOf(state, as) : ({ kind: "console" } as const);
      return resolveRoom(state, ref, auth, as !== null);
    },
    async effective({ bot, room }) {
      return bot?.nativeId && room !== null ? inRoom(state, bot.handle, bot.nativeId, room) : {};
    },
    receive: createReceive(state, closed.signal),
    reconcile: (effect, signal) => reconcile(state, effect, signal),
    login: (request, signal) => login(state, request, signal),
    verify: (step, signal) => verify(state, step, signal),
    async close() {
      closed.abort();
      await release();
    },
  };
}

async function resolveRoom({ api, server }: State, ref: string, auth: WireAuth, acts: boolean): Promise<string | null> {
  try {
    if (ref.startsWith("user:")) {
      return acts ? (await api.openDirect(auth, { user_id: ref.slice(5) })).room.room_id : null;
    }
    // names are no secret here: who may do what in the room is decided by the call itself
    return server.roomId(ref);
  } catch (error) {
    if (isBotyardError(error) && error.code === "not_found") return null;
    throw error;
  }
}

/** What does not hold for a bot in a room. */
async function inRoom(
  state: State,
  handle: string,
  nativeId: string,
  ref: string,
): Promise<Readonly<Record<string, Capability>>> {
  const room = state.server.roomId(ref);
  if (room === null) return {};
  const { members } = await managing(state, { as: null }, (auth) => state.api.listMembers(auth, { room_id: room }));
  if (!members.some(({ user_id, status }) => user_id === nativeId && status === "joined")) {
    const outside: Capability = {
      support: "none",
      reason: "not-a-member",
      detail: "The bot is not in the room.",
      remedy: `botyard rooms add-bot ${state.host.connection.id}/${ref} ${handle}`,
    };
    const nouns = ["messages.send", "messages.update", "messages.delete", "messages.get", "messages.list"];
    return Object.fromEntries(
      [...nouns, "reactions.add", "reactions.remove", "reactions.list"].map((op) => [op, outside]),
    );
  }
  try {
    await state.api.pageMessages(await botAuth(state, handle), { room_id: room, limit: 1 });
    return {};
  } catch (error) {
    if (!isBotyardError(error) || error.code !== "forbidden") throw error;
    const closed: Capability = { support: "none", reason: "history-closed", detail: error.message };
    return { "messages.list": closed, "messages.get": closed };
  }
}
