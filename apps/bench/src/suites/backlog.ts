import type { Figure, Suite } from "../figure.ts";
import { startSink } from "../helpers.ts";
import { openWorld } from "../world.ts";
import { addHook, draft } from "./webhooks.ts";

const about = { id: "chat", platform: "sandbox" };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const waiting = 100_000;

/** What waited while a program was away: by pull, and by webhook. */
export const suite: Suite = {
  name: "backlog",
  async run({ folder }) {
    const world = await openWorld(folder, { durability: "full", name: "backlog" });
    const sink = await startSink();
    await addHook(world, sink, { path: "/hook", name: "sink" });
    await world.invoke("webhooks.update", { webhook: "sink", enabled: false });
    await world.invoke("consumers.put", { consumer: "away", start: "now", type: ["message.created"] });
    for (let done = 0; done < waiting; done += 1_000)
      await world.runtime.core.log.commit(about, {
        via: "frame",
        bots: ["helper"],
        events: Array.from({ length: 1_000 }, () => draft("while you were away")),
      });
    const pulling = performance.now();
    for (let got = 0; got < waiting;) {
      const { items, cursor } = (await world.invoke("consumers.events", { consumer: "away", limit: 500 })) as {
        items: unknown[];
        cursor: string;
      };
      got += items.length;
      await world.invoke("consumers.ack", { consumer: "away", cursor });
    }
    const pulled = (performance.now() - pulling) / 1000;
    const used = process.cpuUsage();
    const posting = performance.now();
    await world.invoke("webhooks.update", { webhook: "sink", enabled: true });
    while ((await sink.stats()).taken < waiting) await pause(20);
    const posted = (performance.now() - posting) / 1000;
    const { user, system } = process.cpuUsage(used);
    await world.close();
    sink.close();
    const goal = { kind: "atMost", value: 10 } as const;
    const figures: Figure[] = [
      { name: "a backlog of 100,000 by pull", value: pulled, unit: "s", goal },
      {
        name: "a backlog of 100,000 by webhook",
        value: posted,
        unit: "s",
        goal,
        note: `one receiver, in another process; the service's own processor time of it: ${((user + system) / 1e6).toFixed(1)} s`,
      },
    ];
    return figures;
  },
};
