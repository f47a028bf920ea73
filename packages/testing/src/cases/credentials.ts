import { expect } from "vitest";
import type { Case } from "./case.ts";

export const credentialCases: readonly Case[] = [
  {
    operation: "credentials.list",
    name: "lists what is sealed, without any secret",
    async run({ world, bot }) {
      const { items } = await world.call("credentials.list", { bot });
      for (const item of items) {
        expect(item).toMatchObject({ connection: world.connection, of: bot, source: "sealed" });
        expect(item).not.toHaveProperty("secret");
      }
    },
  },
  {
    operation: "credentials.rotate",
    name: "gives the bot a new credential with which it acts",
    also: ["messages.send"],
    async run({ world, makeBot, room }) {
      const bot = await makeBot();
      const rotated = await world.call("credentials.rotate", { bot });
      expect(rotated).not.toHaveProperty("secret");
      await world.doSteps(rotated.opened);
      await world.call("messages.send", { room: await entered(world, bot, room), as: bot, text: "with the new one" });
    },
  },
  {
    operation: "credentials.revoke",
    name: "leaves the bot without one; another can be issued",
    also: ["messages.send", "credentials.issue"],
    async run({ world, makeBot, room }) {
      const bot = await makeBot();
      const revoked = await world.call("credentials.revoke", { bot });
      await world.doSteps(revoked.opened);
      const refusal = await world.refused("unauthenticated", "messages.send", { room, as: bot, text: "no" });
      expect(refusal.effect).toBe("none");
      await world.call("credentials.issue", { bot });
      await world.call("messages.send", { room, as: bot, text: "yes" });
    },
  },
  {
    operation: "credentials.disable",
    name: "keeps the credential from working until it is switched on again",
    also: ["credentials.enable", "messages.send"],
    async run({ world, makeBot, room }) {
      const bot = await makeBot();
      await world.call("credentials.disable", { bot });
      const refusal = await world.refused(["unauthenticated", "conflict"], "messages.send", {
        room,
        as: bot,
        text: "no",
      });
      expect(refusal.effect).toBe("none");
      await world.call("credentials.enable", { bot });
      await world.call("messages.send", { room, as: bot, text: "yes" });
    },
  },
];

/** A bot that was installed anew is in no room. */
async function entered(world: Parameters<Case["run"]>[0]["world"], bot: string, room: string): Promise<string> {
  const { support } = await world.capability("rooms.add-bot");
  if (support !== "none") await world.call("rooms.add-bot", { room, bot });
  return room;
}
