import { BotyardError, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeUser } from "../decode.ts";
import { encodeTyping } from "../encode.ts";
import { acting, admin, explained, missing, toId, type State } from "../state.ts";
import { placeOfRoom } from "./rooms.ts";

/** Who was not seen for so long is not there: what the server's own clients do. */
const offlineAfterSeconds = 140;

export const users = (state: State): HandlersOf<Capabilities, "users"> => ({
  "users.list": async ({ search = "", limit = 100, cursor = "0" }, call) => {
    const all = await state.api.users(await admin(state, call.signal));
    const wanted = search.toLowerCase();
    const fitting = all.filter(({ full_name, email }) => `${full_name} ${email}`.toLowerCase().includes(wanted));
    const from = Number(cursor) || 0;
    const items = fitting.slice(from, from + limit).map(decodeUser);
    return { items, ...(from + limit < fitting.length ? { next: String(from + limit) } : {}) };
  },
  "users.get": async ({ user }, call) => {
    const on = await admin(state, call.signal);
    return decodeUser(await explained(state.api.user(on, toId(user, "user")), missing("user")));
  },
});

export const presence = (state: State): HandlersOf<Capabilities, "presence"> => ({
  "presence.get": async ({ user }, call) => {
    const on = await admin(state, call.signal);
    const found = await explained(state.api.user(on, toId(user, "user")), missing("user"));
    if (found.is_bot) throw new BotyardError("unsupported", "Zulip keeps no presence of bots.");
    const { status_text = "" } = await state.api.status(on, found.user_id);
    // 400 here: this user was never seen.
    const seen = await explained(state.api.presence(on, found.user_id), async () => null);
    const { status, timestamp = 0 } = seen?.presence["aggregated"] ?? {};
    const fresh = state.host.clock.now() / 1000 - timestamp < offlineAfterSeconds;
    return {
      presence: !fresh ? "offline" : status === "active" ? "online" : "away",
      text: status_text === "" ? null : status_text,
    };
  },
});

export const typing = (state: State): HandlersOf<Capabilities, "typing"> => ({
  "typing.set": async ({ room, typing: on = true }, call) => {
    const { on: caller, id } = await acting(state, call.as, call.signal);
    const place = encodeTyping(placeOfRoom(room), id, state.host.connection.settings.topic);
    await state.api.typing(caller, place, on ? "start" : "stop");
    return { typing: on };
  },
});
