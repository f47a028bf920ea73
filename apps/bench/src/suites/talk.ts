import { join } from "node:path";
import type { Figure, Suite } from "../figure.ts";
import { pairedLoads, startLoad } from "../load/load.ts";
import { ownCommand, startPeer } from "../peers/process.ts";
import type { TalkSettings } from "../talk/requests.ts";

/** A service in a process of its own, as in life, and one that signs and sends as the server does. */
async function open(folder: string, store: "file" | "memory") {
  const service = await startPeer<{ readonly port: number; readonly settings: TalkSettings }>(
    ownCommand(join(import.meta.dirname, "../talk/peer.ts"), [folder, store]),
    { cwd: process.cwd() },
  );
  const load = await startLoad({
    host: "127.0.0.1",
    port: service.ready.port,
    requests: new URL("../talk/requests.ts", import.meta.url).href,
    settings: service.ready.settings,
  });
  return {
    load,
    async close() {
      load.close();
      await service.close();
    },
  };
}

/** Signed webhooks accepted and stored, against the same handler with a store that keeps nothing on disk. */
export const suite: Suite = {
  name: "talk",
  async run({ seconds, folder }) {
    const figures: Figure[] = [];
    const stored = await open(folder, "file");
    const memory = await open(folder, "memory");
    for (const [lanes, goal] of [
      [1, 5000],
      [32, 15_000],
    ] as const) {
      const { a, b } = await pairedLoads(stored.load, memory.load, { seconds, lanes });
      const of = `${lanes} connection${lanes > 1 ? "s" : ""}`;
      figures.push(
        {
          name: `signed webhooks accepted and stored, ${of}`,
          value: a,
          unit: "webhooks/s",
          goal: { kind: "atLeast", value: goal },
        },
        {
          name: `the same, ${of}, against a store that keeps nothing on disk`,
          value: a,
          unit: "webhooks/s",
          against: { name: "same handler, memory store", value: b },
        },
      );
    }
    const paced = await stored.load.run({ lanes: 32, seconds: Math.max(3, seconds), perSecond: 500 });
    figures.push({
      name: "acknowledged at 500/s, p99",
      value: paced.p99,
      unit: "ms",
      goal: { kind: "atMost", value: 20 },
      note: `p50 ${paced.p50.toFixed(2)} ms; from when it was due`,
    });
    await stored.close();
    await memory.close();
    return figures;
  },
};
