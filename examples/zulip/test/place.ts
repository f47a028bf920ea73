import type { Place } from "@botyard/testing";
import { fromRoomId } from "../src/places.ts";
import { createSimulator, type Simulator } from "../src/simulator/index.ts";

/** A fresh server: a channel with one topic, in which a person has spoken. */
export function zulipPlace(): Place & { readonly zulip: Simulator; readonly room: string } {
  const zulip = createSimulator();
  const general = zulip.addChannel("general");
  const alice = zulip.addPerson("Alice", general);
  const lobby = { stream: general.stream_id, topic: "lobby" };
  zulip.say(alice, lobby, "first");
  return {
    zulip,
    room: `${general.stream_id}:lobby`,
    url: "https://chat.example.org",
    credentials: { "admin-key": zulip.adminKey },
    fetch: zulip.fetch,
    drive: () => ({
      room: "general>lobby",
      person: String(alice.user_id),
      echoes: true,
      mention(username) {
        const bot = [...zulip.world.users.values()].find(({ email }) => email.startsWith(`${username}@`));
        return `@**${bot?.full_name ?? username}**`;
      },
      async say(room, text) {
        const place = fromRoomId(room);
        if (place?.kind === "direct") return String(zulip.say(alice, { users: place.users }, text).id);
        const topic = place?.kind === "topic" ? place.topic : "lobby";
        return String(zulip.say(alice, { stream: place?.stream ?? 0, topic }, text).id);
      },
      async transcript(room) {
        const place = fromRoomId(room);
        if (place?.kind === "topic") return zulip.transcript(place.stream, place.topic);
        return place?.kind === "channel" ? zulip.transcript(place.stream) : [];
      },
      loseAnswer: async () => zulip.loseAnswer(),
      cut: async () => zulip.cut(),
    }),
  };
}
