import type { Drive, DriveTools, Place } from "@botyard/testing";
import { createRegistration, toYaml } from "../src/index.ts";
import { addHuman, createHomeserver, type HomeserverOptions } from "../src/simulator/index.ts";
import { objectOf } from "../src/wire.ts";

/** A fresh homeserver with a person and a room of theirs, for the contract suite. */
export function matrixPlace(options: Partial<HomeserverOptions> = {}): Place {
  const hooks = "https://bots.example.org/hooks/matrix";
  const registration = createRegistration({
    id: "botyard",
    url: hooks,
    serverName: "hs.test",
    bot: "botyard",
    users: ["bot_.*"],
  });
  let tools: DriveTools | undefined;

  const hs = createHomeserver({
    serverName: "hs.test",
    registration,
    ...options,
    async push(request) {
      const url = new URL(request.url);
      const answer = await tools?.hook({
        method: request.method,
        path: url.pathname.slice("/hooks/matrix".length),
        query: Object.fromEntries(url.searchParams),
        headers: Object.fromEntries(request.headers),
        body: new Uint8Array(await request.arrayBuffer()),
      });
      if (answer === undefined) throw new TypeError("connection refused");
      return Response.json(answer.json, { status: answer.status });
    },
  });
  const alice = addHuman(hs, "alice");

  async function ask(method: string, path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const headers = { authorization: `Bearer ${alice.token}` };
    const response = await hs.fetch(
      new Request(`https://hs.test/_matrix/client/v3${path}`, { method, headers, body: JSON.stringify(body) }),
    );
    await hs.settled();
    return objectOf(await response.json());
  }

  let said = 0;
  const drive: Drive = {
    room: "#ops:hs.test",
    person: alice.id,
    echoes: true,
    mention: (username) => `@${username}:hs.test`,
    async say(room, text, { replyTo } = {}) {
      const mentioned = [...text.matchAll(/@[\w-]+:hs\.test/g)].map(([id]) => id);
      const content = {
        msgtype: "m.text",
        body: text,
        "m.mentions": mentioned.length === 0 ? {} : { user_ids: mentioned },
        ...(replyTo === undefined ? {} : { "m.relates_to": { "m.in_reply_to": { event_id: replyTo } } }),
      };
      said += 1;
      // Whoever is written to accepts the invite.
      if (hs.world.rooms.get(room)?.state.get(`m.room.member\u0000${alice.id}`)?.content["membership"] === "invite")
        await ask("POST", `/join/${encodeURIComponent(room)}`, {});
      return String(
        (await ask("PUT", `/rooms/${encodeURIComponent(room)}/send/m.room.message/s${said}`, content))["event_id"],
      );
    },
    async transcript(room) {
      const events = hs.world.rooms.get(room)?.events ?? [];
      const shown = events.filter(({ type, redactedBy }) => type === "m.room.message" && redactedBy === undefined);
      const relation = (content: Readonly<Record<string, unknown>>) => objectOf(content["m.relates_to"]);
      const edits = shown.filter(({ content }) => relation(content)["rel_type"] === "m.replace");
      return shown
        .filter((event) => !edits.includes(event))
        .map(({ event_id: id, content }) => {
          const edit = edits.findLast((other) => relation(other.content)["event_id"] === id);
          return String(objectOf(edit?.content["m.new_content"] ?? content)["body"]);
        });
    },
    async loseAnswer() {
      hs.faults.add({ kind: "lose-answer", match: (request) => request.url.includes("/send/") });
    },
  };

  return {
    url: "https://hs.test",
    import: { registration: toYaml(registration) },
    fetch: (request) => hs.fetch(request),
    drive(given) {
      tools = given;
      void ask("POST", "/createRoom", {
        preset: "private_chat",
        name: "Ops",
        room_alias_name: "ops",
        invite: ["@botyard:hs.test"],
        // Members may pin here: what a bot may is not what this suite asks.
        power_level_content_override: { events: { "m.room.pinned_events": 0 } },
      });
      return drive;
    },
  };
}
