import { isBotyardError } from "@botyard/sdk";
import { expect } from "vitest";
import type { World } from "../world.ts";
import type { Case } from "./case.ts";
import { eventually, head, patienceMs, say } from "./events.ts";

interface Counts {
  readonly intakes: number;
  readonly events: number;
  readonly failed: number;
}

/** All kept intakes, over as many calls as it takes; null where the plugin decodes nothing again. */
async function decodeAll(world: World): Promise<Counts | null> {
  const sum = { intakes: 0, events: 0, failed: 0 };
  try {
    for (let from: string | undefined; ;) {
      const done = await world.call("connections.decode", from === undefined ? {} : { from });
      sum.intakes += done.intakes;
      sum.events += done.events;
      sum.failed += done.failed;
      from = done.next;
      if (from === undefined) return sum;
    }
  } catch (error) {
    if (isBotyardError(error) && error.code === "unsupported") return null;
    throw error;
  }
}

const notAgain = "the plugin decodes nothing again (`receive.decode`)";

export const decodeCases: readonly Case[] = [
  {
    operation: "connections.decode",
    name: "finds in kept intakes what is in the log already, and nothing else",
    needs: ["say"],
    async run(scene) {
      const { world, fresh } = scene;
      // What was said before the way in was open comes from history, which is not kept, or not at all.
      const from = await head(world);
      const spoken: string[] = [];
      for (const until = Date.now() + patienceMs; Date.now() < until;) {
        spoken.push(`kept ${fresh()}`);
        await say(scene, spoken.at(-1) ?? "");
        await new Promise((resolve) => setTimeout(resolve, 50));
        const { items } = await world.call("events.list", { from, limit: 500 });
        if (!items.some(({ content }) => content && spoken.includes(content.text))) continue;
        const decoded = await decodeAll(world);
        if (decoded === null) return notAgain;
        expect(decoded).toMatchObject({ events: 0, failed: 0 });
        if (decoded.intakes > 0) return undefined;
      }
      throw new Error(`no intake was kept in ${patienceMs} ms`);
    },
  },
  {
    operation: "connections.decode",
    name: "brings what an older version of the plugin did not know into the log, once",
    needs: ["say"],
    async run(scene) {
      const { world, bot, room, fresh, asOlder } = scene;
      if (!asOlder) return "nobody can make the plugin older in a process of its own";
      if ((await decodeAll(world)) === null) return notAgain;
      for (const knows of ["nothing", "identity"] as const) {
        const from = await head(world);
        const text = `said to an older version ${fresh()}`;
        const told = async () =>
          (await world.call("events.list", { from, own: true, limit: 500 })).items.filter(
            ({ content }) => content?.text === text,
          );
        await asOlder(knows, async (taken) => {
          const message = await say(scene, text);
          await taken(({ content }) => content?.text === text);
          expect(await told()).toEqual([]);
          const decoded = await decodeAll(world);
          expect(decoded?.failed).toBe(0);
          expect(decoded?.events).toBeGreaterThan(0);
          const mine = { bot: `${world.connection}/${bot}` };
          const event = await eventually(world, from, ({ content }) => content?.text === text, mine);
          expect(event).toMatchObject({
            type: "message.created",
            own: false,
            backfilled: true,
            room: { id: room },
            message: { id: message },
            actor: { kind: "user", bot: null },
          });
          expect((await decodeAll(world))?.events).toBe(0);
        });
        expect(new Set((await told()).map(({ id }) => id)).size).toBe(1);
      }
      return undefined;
    },
  },
];
