import type { Figure, Suite } from "../figure.ts";
import { residentMb } from "../measure.ts";
import { openWorld } from "../world.ts";

/** What many connections and many bots cost. */
export const suite: Suite = {
  name: "memory",
  async run({ folder }) {
    const figures: Figure[] = [];
    const world = await openWorld(folder, { durability: "normal", name: "memory" });
    const start = await residentMb();
    for (let n = 0; n < 10_000; n += 1) await world.invoke("bots.create", { connection: "chat", handle: `bot-${n}` });
    const withBots = await residentMb();
    figures.push({
      name: "10,000 bots on one connection",
      value: withBots - start,
      unit: "MB",
      note: "with the sandbox's own accounts of them, which live in the same process",
    });
    for (let n = 0; n < 1_000; n += 1) await world.invoke("connections.create", { id: `c-${n}`, platform: "sandbox" });
    figures.push({
      name: "1,000 open connections",
      value: (await residentMb()) - withBots,
      unit: "MB",
      note: "with a sandbox server each",
    });
    await world.close();
    return figures;
  },
};
