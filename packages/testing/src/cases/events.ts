import type { Event } from "@botyard/sdk";
import { expect } from "vitest";
import type { World } from "../world.ts";
import type { Case, Scene } from "./case.ts";

export const patienceMs = 5_000;

/** The first event from a cursor on that fits; fails after a while. */
export async function eventually(
  world: World,
  from: string,
  fits: (event: Event) => boolean,
  filter: { readonly own?: boolean; readonly bot?: string; readonly type?: string[] } = {},
): Promise<Event> {
  const until = Date.now() + patienceMs;
  for (let cursor = from; Date.now() < until;) {
    const page = await world.call("events.list", { from: cursor, waitMs: 500, ...filter });
    const found = page.items.find(fits);
    if (found) return found;
    cursor = page.cursor;
  }
  throw new Error(`no such event came in ${patienceMs} ms`);
}

/** Where the log ends now. */
export async function head(world: World): Promise<string> {
  return (await world.call("events.list", { from: "now" })).cursor;
}

/** A person writes in the room of the bot; answers the message's id. */
export const say = ({ world, room }: Scene, text: string): Promise<string> =>
  world.drive.say?.(room, text) ?? Promise.reject(new Error("nobody speaks here"));

export const eventCases: readonly Case[] = [
  {
    operation: "events.list",
    name: "holds what a person says in a room of the bot, once",
    needs: ["say"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const from = await head(world);
      const text = `said ${fresh()}`;
      const message = await say(scene, text);
      // where each bot has its own copy, one that comes late is another position of the same event
      const mine = { bot: `${world.connection}/${bot}` };
      const event = await eventually(world, from, ({ content }) => content?.text === text, mine);
      expect(event).toMatchObject({
        type: "message.created",
        connection: world.connection,
        own: false,
        backfilled: false,
        room: { id: room },
        message: { id: message },
        actor: { kind: "user", bot: null },
      });
      expect(event.bots).toContain(bot);
      expect(event.addressed).toEqual([]);
      expect(Date.parse(event.time)).not.toBeNaN();
      const page = await world.call("events.list", { from });
      expect(page.items.filter(({ id }) => id === event.id)).toHaveLength(1);
    },
  },
  {
    operation: "events.list",
    name: "says which bot a message is meant for",
    needs: ["say", "mention"],
    async run(scene) {
      const { world, bot, fresh } = scene;
      const { username } = await world.call("bots.get", { bot });
      const from = await head(world);
      const message = await say(scene, `${world.drive.mention?.(username) ?? ""} hi ${fresh()}`);
      const event = await eventually(world, from, (seen) => seen.message?.id === message);
      expect(event.addressed).toEqual([bot]);
      expect(event.content?.mentions).toMatchObject([{ kind: "bot", bot }]);
    },
  },
  {
    operation: "events.list",
    name: "says that an answer to a bot's message is meant for the bot",
    also: ["messages.send", "messages.list"],
    needs: ["say", "replies"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const text = `asked ${fresh()}`;
      await world.call("messages.send", { room, as: bot, text });
      const { items } = await world.call("messages.list", { room, as: bot });
      const question = items.find(({ content }) => content.text === text)?.id ?? "";
      const from = await head(world);
      const answer = (await world.drive.say?.(room, `yes ${fresh()}`, { replyTo: question })) ?? "";
      const event = await eventually(world, from, ({ message }) => message?.id === answer);
      expect(event).toMatchObject({ addressed: [bot], message: { replyTo: question } });
    },
  },
  {
    operation: "rooms.open-direct",
    name: "brings what is written there to the bot, as meant for it",
    needs: ["say", "person"],
    async run({ world, bot, fresh }) {
      const { id: room } = await world.call("rooms.open-direct", { user: world.drive.person ?? "", as: bot });
      const from = await head(world);
      const message = (await world.drive.say?.(room, `between us ${fresh()}`)) ?? "";
      const event = await eventually(world, from, (seen) => seen.message?.id === message);
      expect(event).toMatchObject({ addressed: [bot], room: { id: room, kind: "direct" } });
    },
  },
  {
    operation: "events.list",
    name: "loses nothing in silence when the way in breaks",
    needs: ["say", "cut"],
    async run(scene) {
      const { world, fresh } = scene;
      const from = await head(world);
      await world.drive.cut?.();
      const text = `after the cut ${fresh()}`;
      await say(scene, text);
      await eventually(world, from, ({ content, type }) => content?.text === text || type === "gap.lost");
      const { items } = await world.call("events.list", { from, own: true });
      expect(
        items.filter(({ content, bots }) => content?.text === text && bots.includes(scene.bot)).length,
      ).toBeLessThan(2);
    },
  },
  {
    operation: "messages.send",
    name: "comes back as an echo that is marked as ours and left out by default",
    needs: ["echoes"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const from = await head(world);
      const text = `echo ${fresh()}`;
      const { message } = await world.call("messages.send", { room, as: bot, text });
      const event = await eventually(world, from, ({ content }) => content?.text === text, { own: true });
      expect(event).toMatchObject({ own: true, actor: { bot } });
      if (message !== null) expect(event.message?.id, "the id that the send answered").toBe(message);
      const page = await world.call("events.list", { from });
      expect(page.items.filter(({ content }) => content?.text === text)).toEqual([]);
    },
  },
  {
    operation: "consumers.events",
    name: "gives a page again until it is acknowledged, then goes on after it",
    needs: ["say"],
    async run(scene) {
      const { world, bot, fresh } = scene;
      const consumer = fresh();
      await world.call("consumers.put", {
        consumer,
        start: "now",
        bot: `${world.connection}/${bot}`,
        type: ["message.created"],
      });
      const texts = [`one ${fresh()}`, `two ${fresh()}`];
      for (const text of texts) await say(scene, text);
      const first = await pull(world, consumer, texts);
      expect(first.texts).toEqual(texts);
      expect((await pull(world, consumer, texts)).texts).toEqual(texts);
      await world.call("consumers.ack", { consumer, cursor: first.cursor });
      const page = await world.call("consumers.events", { consumer });
      // A gap is told to every reader, whatever it asked for: one that another case made may end only now.
      expect(page.items.filter(({ gap }) => !gap)).toEqual([]);
    },
  },
  {
    operation: "messages.reply",
    name: "answers an event in its room; the same answer again is the same message",
    also: ["messages.send"],
    needs: ["say", "transcript"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const from = await head(world);
      const asked = await say(scene, `question ${fresh()}`);
      const event = await eventually(world, from, ({ message }) => message?.id === asked);
      const text = `answer ${fresh()}`;
      const first = await world.call("messages.reply", { event: event.id, as: bot, text });
      const again = await world.invoke("messages.reply", { event: event.id, as: bot, text });
      expect(again).toMatchObject({ value: { operation: first.operation, room }, replayed: true });
      const texts = (await world.drive.transcript?.(room)) ?? [];
      expect(texts.filter((seen) => seen === text)).toHaveLength(1);
    },
  },
];

/** Pulls until these texts are there, without acknowledging. */
async function pull(
  world: World,
  consumer: string,
  wanted: readonly string[],
): Promise<{ texts: string[]; cursor: string }> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const page = await world.call("consumers.events", { consumer, waitMs: 200 });
    // late copies of what was said before the consumer was there come in between
    const texts = page.items.flatMap(({ content }) => (content && wanted.includes(content.text) ? [content.text] : []));
    if (texts.length >= wanted.length || Date.now() > until) return { texts, cursor: page.cursor };
    // a page that is not empty comes at once: let others run
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
