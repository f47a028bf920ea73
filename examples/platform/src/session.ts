import { BotyardError, type Host, type Session } from "@botyard/sdk";
import { createApi } from "./api.ts";
import type { Capabilities } from "./capabilities.ts";
import { bots } from "./operations/bots.ts";
import { members } from "./operations/members.ts";
import { messages } from "./operations/messages.ts";
import { rooms } from "./operations/rooms.ts";
import { createReceive } from "./receive.ts";
import type { Settings } from "./settings.ts";
import { adminKey, type State } from "./state.ts";

export async function openSession(host: Host<Settings>): Promise<Session<Capabilities>> {
  const { url } = host.connection;
  if (url === null) throw new BotyardError("invalid", "A connection to Pigeon needs the server's address.");
  const state: State = { host, api: createApi(host.http(new URL(url).origin)) };
  return {
    operations: { ...bots(state), ...rooms(state), ...members(state), ...messages(state) },
    async probe({ signal }) {
      const { server_name, version } = await state.api.server(await adminKey(state), signal);
      return {
        server: { name: server_name, version },
        checks: [{ name: "signed in", state: "ok", detail: "the admin key is accepted" }],
        continuity: "proven",
      };
    },
    /** A room is named by its title or its id. */
    async resolveRoom(ref) {
      const { rooms: all } = await state.api.listRooms(await adminKey(state));
      return all.find(({ room_id, title }) => room_id === ref || title === ref)?.room_id ?? null;
    },
    receive: createReceive(state),
    async close() {},
  };
}
