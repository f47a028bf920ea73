import { expect } from "vitest";
import type { Case } from "./case.ts";

export const roomCases: readonly Case[] = [
  {
    operation: "rooms.list",
    name: "lists the room, page by page, each once",
    async run({ world, bot, room }) {
      const ids: string[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await world.call("rooms.list", { as: bot, limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        expect(page.items.length).toBeLessThanOrEqual(2);
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.next;
        if (cursor === undefined) break;
      }
      expect(ids).toContain(room);
      expect(new Set(ids).size).toBe(ids.length);
    },
  },
  {
    operation: "rooms.get",
    name: "shows a room by its id and by its handle alike",
    async run({ world, bot, room }) {
      const byId = await world.call("rooms.get", { room, as: bot });
      expect(byId.id).toBe(room);
      if (byId.handle !== undefined)
        expect(await world.call("rooms.get", { room: byId.handle, as: bot })).toEqual(byId);
      await world.refused(["not_found", "forbidden"], "rooms.get", { room: "no-such-room", as: bot });
    },
  },
  {
    operation: "rooms.create",
    name: "makes a room that can be shown",
    also: ["rooms.get"],
    async run({ world, bot, fresh }) {
      const name = fresh();
      const made = await world.call("rooms.create", { name, as: bot });
      expect(made.name).toBe(name);
      expect((await world.call("rooms.get", { room: made.id, as: bot })).id).toBe(made.id);
    },
  },
  {
    operation: "rooms.update",
    name: "changes the topic, and clears it with null",
    also: ["rooms.create", "rooms.get"],
    async run({ world, bot, fresh }) {
      const { id: room } = await world.call("rooms.create", { name: fresh(), as: bot });
      expect(await world.call("rooms.update", { room, topic: "builds", as: bot })).toMatchObject({ topic: "builds" });
      await world.call("rooms.update", { room, topic: null, as: bot });
      expect((await world.call("rooms.get", { room, as: bot })).topic ?? "").toBe("");
    },
  },
  {
    operation: "rooms.open-direct",
    name: "finds the same direct room again",
    needs: ["person"],
    async run({ world, bot }) {
      const user = world.drive.person ?? "";
      const first = await world.call("rooms.open-direct", { user, as: bot });
      expect(first.kind).toBe("direct");
      expect((await world.call("rooms.open-direct", { user, as: bot })).id).toBe(first.id);
    },
  },
  {
    operation: "rooms.add-bot",
    name: "says whether the bot was in there before",
    async run({ world, bot, room }) {
      expect(await world.call("rooms.add-bot", { room, bot })).toMatchObject({ room, joined: false });
    },
  },
  {
    operation: "rooms.remove-bot",
    name: "takes the bot out, and it may come back",
    also: ["rooms.add-bot", "messages.send"],
    async run({ world, makeBot, room }) {
      const bot = await makeBot();
      expect(await world.call("rooms.remove-bot", { room, bot })).toEqual({ room, left: true });
      expect(await world.call("rooms.remove-bot", { room, bot })).toEqual({ room, left: false });
      expect(await world.call("rooms.add-bot", { room, bot })).toMatchObject({ room, joined: true });
      await world.call("messages.send", { room, as: bot, text: "back again" });
    },
  },
  {
    operation: "rooms.list-bots",
    name: "lists the bot with its handle",
    async run({ world, bot, room }) {
      const { items } = await world.call("rooms.list-bots", { room });
      expect(items.find(({ handle }) => handle === bot)).toMatchObject({ active: true });
    },
  },
  {
    operation: "members.list",
    name: "lists who is in the room, the bot under its handle",
    async run({ world, bot, room }) {
      const { items } = await world.call("members.list", { room, as: bot });
      expect(items.find((member) => member.bot === bot)).toMatchObject({ membership: "joined" });
    },
  },
  {
    operation: "members.invite",
    name: "brings a person in, and takes them out again",
    also: ["rooms.create", "members.kick", "members.list"],
    needs: ["person"],
    async run({ world, bot, fresh }) {
      const user = world.drive.person ?? "";
      const { id: room } = await world.call("rooms.create", { name: fresh(), as: bot });
      const invited = await world.call("members.invite", { room, user, as: bot });
      expect(["joined", "invited"]).toContain(invited.membership);
      await world.call("members.kick", { room, user, as: bot });
      const { items } = await world.call("members.list", { room, as: bot });
      const left = items.find((member) => member.user === user);
      expect(["kicked", "left", undefined]).toContain(left?.membership);
    },
  },
  {
    operation: "members.ban",
    name: "keeps a person out until they are unbanned",
    also: ["rooms.create", "members.unban", "members.invite"],
    needs: ["person"],
    async run({ world, bot, fresh }) {
      const user = world.drive.person ?? "";
      const { id: room } = await world.call("rooms.create", { name: fresh(), as: bot });
      expect((await world.call("members.ban", { room, user, as: bot })).membership).toBe("banned");
      await world.refused(["forbidden", "conflict"], "members.invite", { room, user, as: bot });
      await world.call("members.unban", { room, user, as: bot });
      await world.call("members.invite", { room, user, as: bot });
    },
  },
];
