import { expect } from "vitest";
import type { Case, Scene } from "./case.ts";

/** Texts of the room by its own transcript, or by the bot's history. */
async function textsOf({ world, room, bot }: Scene): Promise<readonly string[]> {
  if (world.drive.transcript) return world.drive.transcript(room);
  const { items } = await world.call("messages.list", { room, as: bot, limit: 100 });
  return items.map(({ content }) => content.text).toReversed();
}

/** Native id of a message that was sent; where the answer has none, from what the ledger found later. */
async function idOf(
  { world }: Scene,
  sent: { readonly message: string | null; readonly operation: string },
): Promise<string> {
  if (sent.message !== null) return sent.message;
  const settled = await world.call("ledger.reconcile", { operation: sent.operation });
  const id = settled.result?.["message"];
  if (typeof id !== "string") throw new Error("history did not show the message's id");
  return id;
}

export const messageCases: readonly Case[] = [
  {
    operation: "messages.send",
    name: "puts the text into the room, once, and keeps it in the ledger",
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const text = `hello ${fresh()}`;
      const sent = await world.call("messages.send", { room, as: bot, text });
      expect(sent).toMatchObject({ status: "sent", connection: world.connection, room });
      expect((await textsOf(scene)).filter((seen) => seen === text)).toHaveLength(1);
      expect(await world.call("ledger.get", { operation: sent.operation })).toMatchObject({
        state: "done",
        effect: "applied",
        operation: "messages.send",
        attempts: 1,
        room,
      });
    },
  },
  {
    operation: "messages.send",
    name: "answers the first result to the same idempotency key, and refuses other input under it",
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const text = `keyed ${fresh()}`;
      const idempotencyKey = fresh();
      const first = await world.invoke("messages.send", { room, as: bot, text }, { idempotencyKey });
      const again = await world.invoke("messages.send", { room, as: bot, text }, { idempotencyKey });
      // History may have shown meanwhile the id of a message that came back without one.
      const { message, time, ...rest } = first.value as { readonly message: unknown; readonly time: unknown };
      expect(again).toMatchObject({ value: message === null ? rest : { ...rest, message, time }, replayed: true });
      await world.refused("conflict", "messages.send", { room, as: bot, text: `${text}!` }, { idempotencyKey });
      expect((await textsOf(scene)).filter((seen) => seen.startsWith(text))).toEqual([text]);
    },
  },
  {
    operation: "messages.send",
    name: "refuses what is too long before anything is sent",
    async run(scene) {
      const { world, bot, room } = scene;
      const limit = (await world.capability("messages.send")).limits["text"];
      if (!limit) return;
      const before = (await textsOf(scene)).length;
      const refusal = await world.refused("too_large", "messages.send", {
        room,
        as: bot,
        text: "x".repeat(limit.max + 1),
      });
      expect(refusal.effect).toBe("none");
      expect(await textsOf(scene)).toHaveLength(before);
    },
  },
  {
    operation: "messages.send",
    name: "refuses a field that would be dropped, and sends nothing",
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const { params } = await world.capability("messages.send");
      const extras = { silent: true, thread: "m1", replyTo: "m1", files: [] };
      const dropped = Object.entries(extras).find(([field]) => params !== null && !params.includes(field));
      if (!dropped) return;
      const text = `with a field ${fresh()}`;
      const input = { room, as: bot, text, ...Object.fromEntries([dropped]) };
      expect((await world.refused("unsupported_param", "messages.send", input)).effect).toBe("none");
      expect(await textsOf(scene)).not.toContain(text);
    },
  },
  {
    operation: "messages.send",
    name: "is not found in a room that does not exist, and says nothing was done",
    async run({ world, bot }) {
      const refusal = await world.refused(["not_found", "forbidden"], "messages.send", {
        room: "no-such-room",
        as: bot,
        text: "x",
      });
      expect(refusal.effect).toBe("none");
    },
  },
  {
    operation: "messages.send",
    name: "whose answer is lost is done exactly once, and the ledger finds out",
    needs: ["loseAnswer"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const text = `lost ${fresh()}`;
      await world.drive.loseAnswer?.();
      const idempotencyKey = fresh();
      const failed = await world.invoke("messages.send", { room, as: bot, text }, { idempotencyKey }).then(
        () => null,
        (error: { readonly details?: { readonly operation?: string }; readonly effect?: string }) => error,
      );
      if (failed !== null) {
        expect(failed.effect).toBe("unknown");
        const operation = failed.details?.operation ?? "";
        const { support } = await world.capability("messages.list");
        if (support !== "none") {
          expect(await world.call("ledger.reconcile", { operation })).toMatchObject({ state: "done" });
        }
      }
      expect((await textsOf(scene)).filter((seen) => seen === text)).toHaveLength(1);
    },
  },
  {
    operation: "messages.get",
    name: "shows a message as it was sent, by its id",
    also: ["messages.send"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const text = `get ${fresh()}`;
      const message = await idOf(scene, await world.call("messages.send", { room, as: bot, text }));
      expect(await world.call("messages.get", { room, message, as: bot })).toMatchObject({
        id: message,
        room,
        sender: { bot },
        content: { text, files: [] },
        editedAt: null,
      });
      await world.refused("not_found", "messages.get", { room, message: "no-such-message", as: bot });
    },
  },
  {
    operation: "messages.list",
    name: "reads history newest first, each message once over all pages",
    also: ["messages.send"],
    async run({ world, bot, room, fresh }) {
      const texts = [fresh(), fresh(), fresh()];
      for (const text of texts) await world.call("messages.send", { room, as: bot, text });
      const seen: string[] = [];
      const ids = new Set<string>();
      for (let cursor: string | undefined; seen.length < texts.length;) {
        const page = await world.call("messages.list", {
          room,
          as: bot,
          limit: 2,
          ...(cursor === undefined ? {} : { cursor }),
        });
        for (const { id, content } of page.items) {
          expect(ids.has(id)).toBe(false);
          ids.add(id);
          if (texts.includes(content.text)) seen.push(content.text);
        }
        cursor = page.next;
        if (cursor === undefined) break;
      }
      expect(seen).toEqual(texts.toReversed());
    },
  },
  {
    operation: "messages.update",
    name: "changes the text of the bot's own message",
    also: ["messages.send"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const [before, after] = [`before ${fresh()}`, `after ${fresh()}`];
      const message = await idOf(scene, await world.call("messages.send", { room, as: bot, text: before }));
      await world.call("messages.update", { room, message, as: bot, text: after });
      const texts = await textsOf(scene);
      expect(texts).toContain(after);
      expect(texts).not.toContain(before);
    },
  },
  {
    operation: "messages.delete",
    name: "takes the bot's own message away",
    also: ["messages.send"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const text = `gone ${fresh()}`;
      const message = await idOf(scene, await world.call("messages.send", { room, as: bot, text }));
      await world.call("messages.delete", { room, message, as: bot });
      expect(await textsOf(scene)).not.toContain(text);
    },
  },
  {
    operation: "messages.pin",
    name: "is in the list of pins until it is taken away",
    also: ["messages.send", "messages.unpin", "messages.list-pins"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const message = await idOf(scene, await world.call("messages.send", { room, as: bot, text: fresh() }));
      const place = { room, message, as: bot };
      const pins = async () => (await world.call("messages.list-pins", { room, as: bot })).items.map(({ id }) => id);
      expect(await world.call("messages.pin", place)).toEqual({ message, pinned: true });
      expect(await world.call("messages.pin", place)).toEqual({ message, pinned: false });
      expect(await pins()).toContain(message);
      expect(await world.call("messages.unpin", place)).toEqual({ message, unpinned: true });
      expect(await pins()).not.toContain(message);
    },
  },
  {
    operation: "messages.mark-read",
    name: "takes a message that is there",
    needs: ["say"],
    async run({ world, bot, room, fresh }) {
      const message = (await world.drive.say?.(room, fresh())) ?? "";
      expect(await world.call("messages.mark-read", { room, message, as: bot })).toEqual({ message });
    },
  },
  {
    operation: "typing.set",
    name: "begins and ends",
    async run({ world, bot, room }) {
      expect(await world.call("typing.set", { room, as: bot })).toEqual({ typing: true });
      expect(await world.call("typing.set", { room, as: bot, typing: false })).toEqual({ typing: false });
    },
  },
  {
    operation: "presence.set",
    name: "is what others see",
    also: ["presence.get"],
    async run({ world, bot }) {
      const { nativeId } = await world.call("bots.get", { bot });
      await world.call("presence.set", { as: bot, presence: "away" });
      expect(await world.call("presence.get", { as: bot, user: nativeId ?? "" })).toMatchObject({ presence: "away" });
    },
  },
  {
    operation: "reactions.add",
    name: "is seen in the list, and may be taken back",
    also: ["messages.send", "reactions.list", "reactions.remove"],
    async run(scene) {
      const { world, bot, room, fresh } = scene;
      const message = await idOf(scene, await world.call("messages.send", { room, as: bot, text: fresh() }));
      const place = { room, message, as: bot };
      expect(await world.call("reactions.add", { ...place, emoji: "👍" })).toEqual({ emoji: "👍", added: true });
      const { items } = await world.call("reactions.list", place);
      expect(items).toMatchObject([{ emoji: "👍" }]);
      expect(items[0]?.users).toHaveLength(1);
      expect(await world.call("reactions.remove", { ...place, emoji: "👍" })).toEqual({ emoji: "👍", removed: true });
      expect((await world.call("reactions.list", place)).items).toEqual([]);
    },
  },
];
