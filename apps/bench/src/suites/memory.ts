import type { Figure, Suite } from "../figure.ts";
import { residentMb } from "../measure.ts";
import { nullPlatform } from "../null-platform.ts";
import { openWorld } from "../world.ts";

const many = { bots: 10_000, connections: 1_000 } as const;

/** What many connections and many bots cost, over what a service with one of each takes. */
export const suite: Suite = {
  name: "memory",
  async run({ folder }) {
    const world = await openWorld(folder, { durability: "normal", name: "memory", platforms: [nullPlatform] });
    await world.invoke("connections.create", { id: "big", platform: "null" });
    // Warm: what the first hundred of each need once is nobody's share.
    for (let n = 0; n < 100; n += 1) {
      await world.invoke("bots.create", { connection: "big", handle: `warm-${n}` });
      await world.invoke("connections.create", { id: `warm-${n}`, platform: "null" });
    }
    const start = await residentMb();
    for (let n = 0; n < many.bots; n += 1) await world.invoke("bots.create", { connection: "big", handle: `bot-${n}` });
    const withBots = await residentMb();
    for (let n = 0; n < many.connections; n += 1)
      await world.invoke("connections.create", { id: `c-${n}`, platform: "null" });
    const withConnections = await residentMb();
    await world.close();
    const note = "of a platform that holds nothing itself: what the service adds";
    return [
      { name: "one connection and one bot, in this process", value: start, unit: "MB" },
      { name: "10,000 bots more", value: withBots - start, unit: "MB", note },
      { name: "per bot", value: ((withBots - start) * 1024) / many.bots, unit: "kB" },
      { name: "1,000 connections more", value: withConnections - withBots, unit: "MB", note },
      { name: "per connection", value: ((withConnections - withBots) * 1024) / many.connections, unit: "kB" },
    ] satisfies Figure[];
  },
};
