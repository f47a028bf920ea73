import { expect } from "vitest";
import { readAll, streamOf } from "../bytes.ts";
import type { Case } from "./case.ts";

/** A PNG of one pixel. */
const pixel = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (char) => char.charCodeAt(0),
);

export const botCases: readonly Case[] = [
  {
    operation: "bots.create",
    name: "makes a bot that is managed and ready, after its steps at the latest",
    async run({ world, fresh }) {
      const handle = fresh();
      const made = await world.call("bots.create", { handle });
      expect(made).toMatchObject({ connection: world.connection, handle, managed: true });
      await world.doSteps(made.opened);
      const bot = await world.call("bots.get", { bot: handle });
      expect(bot).toMatchObject({ handle, managed: true, enabled: true, state: "ready", steps: [] });
      expect(bot.nativeId).toBeTypeOf("string");
    },
  },
  {
    operation: "bots.create",
    name: "refuses a handle that is taken, and makes nothing",
    async run({ world, bot }) {
      await world.refused("conflict", "bots.create", { handle: bot });
    },
  },
  {
    operation: "bots.list",
    name: "lists managed bots, and those of the server by their native ids",
    async run({ world, bot }) {
      const { nativeId } = await world.call("bots.get", { bot });
      const managed = await world.call("bots.list", {});
      expect(managed.items.map(({ handle }) => handle)).toContain(bot);
      const { items } = await world.call("bots.list", { source: "server" });
      expect(items.find((one) => one.nativeId === nativeId)).toMatchObject({ handle: bot, managed: true });
    },
  },
  {
    operation: "bots.get",
    name: "shows a bot; an unknown one is not_found",
    async run({ world, bot }) {
      expect(await world.call("bots.get", { bot })).toMatchObject({ handle: bot, connection: world.connection });
      await world.refused("not_found", "bots.get", { bot: "nobody-here" });
    },
  },
  {
    operation: "bots.update",
    name: "changes the display name and nothing else",
    async run({ world, makeBot }) {
      const bot = await makeBot();
      const before = await world.call("bots.get", { bot });
      const changed = await world.call("bots.update", { bot, displayName: "Renamed" });
      await world.doSteps(changed.opened);
      const after = await world.call("bots.get", { bot });
      expect(after).toMatchObject({ handle: bot, username: before.username, displayName: "Renamed", state: "ready" });
    },
  },
  {
    operation: "bots.disable",
    name: "keeps the bot from acting until it is enabled",
    also: ["bots.enable", "messages.send"],
    async run({ world, makeBot, room }) {
      const bot = await makeBot();
      const disabled = await world.call("bots.disable", { bot });
      await world.doSteps(disabled.opened);
      expect(await world.call("bots.get", { bot })).toMatchObject({ enabled: false, state: "disabled" });
      const refusal = await world.refused(["conflict", "forbidden"], "messages.send", { room, as: bot, text: "no" });
      expect(refusal.effect).toBe("none");
      const enabled = await world.call("bots.enable", { bot });
      await world.doSteps(enabled.opened);
      await world.call("messages.send", { room, as: bot, text: "yes" });
    },
  },
  {
    operation: "bots.delete",
    name: "takes the bot away, here and on the server",
    async run({ world, makeBot }) {
      const bot = await makeBot();
      const { nativeId } = await world.call("bots.get", { bot });
      const deleted = await world.call("bots.delete", { bot });
      await world.doSteps(deleted.opened);
      await world.refused("not_found", "bots.get", { bot });
      expect((await world.call("bots.list", {})).items.map(({ handle }) => handle)).not.toContain(bot);
      const view = await world.capability("bots.list");
      if (view.support === "none") return;
      const { items } = await world.call("bots.list", { source: "server" });
      expect(items.filter((one) => one.nativeId === nativeId && one.enabled)).toEqual([]);
    },
  },
  {
    operation: "bots.assign",
    name: "gives the bot another owner",
    needs: ["person"],
    async run({ world, makeBot }) {
      const bot = await makeBot();
      const owner = world.drive.person ?? "";
      await world.call("bots.assign", { bot, owner });
      expect((await world.call("bots.get", { bot })).owner).toBe(owner);
    },
  },
  {
    operation: "bots.convert-to-user",
    name: "makes a person of the bot, who may become a bot again",
    also: ["users.get", "users.convert-to-bot"],
    async run({ world, makeBot, fresh }) {
      const bot = await makeBot();
      const { nativeId } = await world.call("bots.get", { bot });
      const user = await world.call("bots.convert-to-user", { bot, password: "A long one, 2026" });
      expect(user).toMatchObject({ id: nativeId, kind: "user" });
      await world.refused("not_found", "bots.get", { bot });
      expect((await world.call("users.get", { user: user.id })).kind).toBe("user");
      const handle = fresh();
      const back = await world.call("users.convert-to-bot", { user: user.id, handle });
      expect(back).toMatchObject({ handle, nativeId, managed: true });
      expect((await world.call("users.get", { user: user.id })).kind).toBe("bot");
    },
  },
  {
    operation: "bots.set-icon",
    name: "keeps the icon's bytes and type",
    also: ["bots.get-icon"],
    async run({ world, bot }) {
      const set = await world.call("bots.set-icon", {
        bot,
        icon: { body: streamOf(pixel), type: "image/png", size: pixel.byteLength },
      });
      expect(set).toMatchObject({ type: "image/png", size: pixel.byteLength });
      const icon = await world.call("bots.get-icon", { bot });
      expect(icon.type).toBe("image/png");
      expect(await readAll(icon.body)).toEqual(pixel);
    },
  },
  {
    operation: "bots.delete-icon",
    name: "leaves no icon",
    also: ["bots.set-icon", "bots.get-icon"],
    async run({ world, makeBot }) {
      const bot = await makeBot();
      await world.call("bots.set-icon", {
        bot,
        icon: { body: streamOf(pixel), type: "image/png", size: pixel.byteLength },
      });
      await world.call("bots.delete-icon", { bot });
      await world.refused("not_found", "bots.get-icon", { bot });
    },
  },
];
