import { expect } from "vitest";
import { digestOf, patternOf } from "../bytes.ts";
import type { Case } from "./case.ts";

export const fileCases: readonly Case[] = [
  {
    operation: "files.upload",
    name: "keeps name, type and every byte",
    also: ["files.download"],
    async run({ world, bot, room }) {
      const size = 200_000;
      const file = { body: patternOf(size), type: "application/octet-stream", size };
      const kept = await world.call("files.upload", { room, as: bot, name: "data.bin", file });
      expect(kept).toMatchObject({ name: "data.bin" });
      const back = await world.call("files.download", { file: kept.id, as: bot });
      expect(back.type).toBe("application/octet-stream");
      expect(await digestOf(back.body)).toEqual(await digestOf(patternOf(size)));
      await world.refused("not_found", "files.download", { file: "no-such-file", as: bot });
    },
  },
];

export const userCases: readonly Case[] = [
  {
    operation: "users.list",
    name: "lists the person",
    needs: ["person"],
    async run({ world }) {
      const { items } = await world.call("users.list", {});
      expect(items.map(({ id }) => id)).toContain(world.drive.person);
    },
  },
  {
    operation: "users.get",
    name: "shows the person; an unknown one is not_found",
    needs: ["person"],
    async run({ world }) {
      const user = world.drive.person ?? "";
      expect(await world.call("users.get", { user })).toMatchObject({ id: user, kind: "user" });
      await world.refused("not_found", "users.get", { user: "no-such-user" });
    },
  },
];

export const connectionCases: readonly Case[] = [
  {
    operation: "connections.probe",
    name: "names the server and finds nothing wrong",
    async run({ world }) {
      const probe = await world.call("connections.probe", {});
      expect(probe.server.name).not.toBe("");
      expect(probe.checks.filter(({ state }) => state === "fail")).toEqual([]);
      expect((await world.call("connections.get", {})).state).toBe("ready");
    },
  },
  {
    operation: "connections.get",
    name: "shows no secret, and neither does anything else that can be read",
    async run({ world, bot }) {
      const seen = JSON.stringify([
        await world.call("connections.get", {}),
        await world.call("bots.get", { bot }),
        await world.call("credentials.list", {}),
        await world.call("steps.list", { state: "all" }),
        await world.call("ledger.list", {}),
        await world.call("events.list", { from: "oldest", own: true, limit: 500 }),
        world.lines,
      ]);
      for (const secret of world.secrets)
        expect(seen.includes(JSON.stringify(secret).slice(1, -1)), "a secret is shown").toBe(false);
    },
  },
  {
    operation: "connections.capabilities",
    name: "says of everything that is not native why, in a sentence",
    async run({ world, bot, room }) {
      const { items } = await world.call("connections.capabilities", { bot, room });
      for (const row of items.filter(({ support }) => support !== "native")) {
        expect(row.reason, row.operation).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
        expect(row.detail, row.operation).toMatch(/\S.*\.$/s);
      }
    },
  },
];
