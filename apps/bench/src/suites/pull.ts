import { createApp, listen } from "@botyard/http";
import type { Figure, Suite } from "../figure.ts";
import { startHelper } from "../helpers.ts";
import { residentMb } from "../measure.ts";
import { openWorld } from "../world.ts";
import { draft } from "./webhooks.ts";

const about = { id: "chat", platform: "sandbox" };
const page = 500;
const readers = 1_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A long log read from its beginning by a consumer, page by page, and many streams that wait. */
export const suite: Suite = {
  name: "pull",
  async run({ folder, full = false }) {
    const wanted = full ? 1_000_000 : 200_000;
    const figures: Figure[] = [];
    const world = await openWorld(folder, { durability: "normal", name: "pull" });
    for (let done = 0; done < wanted; done += 1_000)
      await world.runtime.core.log.commit(about, {
        via: "frame",
        bots: ["helper"],
        events: Array.from({ length: 1_000 }, () => draft("please restart the build")),
      });
    const note = `${wanted.toLocaleString("en")} events, ${page} a page${full ? "" : "; --full reads 1,000,000"}`;
    const drain = async (
      name: string,
      read: (consumer: string) => Promise<{ items: unknown[]; cursor: string }>,
      ack: (consumer: string, cursor: string) => Promise<unknown>,
    ): Promise<{ rate: number; own: number }> => {
      await world.invoke("consumers.put", { consumer: name, start: "oldest", type: ["message.created"] });
      const started = performance.now();
      const used = process.cpuUsage();
      let got = 0;
      while (got < wanted) {
        const { items, cursor } = await read(name);
        got += items.length;
        await ack(name, cursor);
      }
      const { user, system } = process.cpuUsage(used);
      return { rate: got / ((performance.now() - started) / 1000), own: got / ((user + system) / 1e6) };
    };
    const near = await drain(
      "near",
      async (consumer) =>
        (await world.invoke("consumers.events", { consumer, limit: page })) as { items: unknown[]; cursor: string },
      (consumer, cursor) => world.invoke("consumers.ack", { consumer, cursor }),
    );
    figures.push({
      name: "pull and acknowledge, in process",
      value: near.rate,
      unit: "events/s",
      goal: { kind: "atLeast", value: 100_000 },
      note: `${note}; ${Math.round(near.own).toLocaleString("en")} for each second of processor time`,
    });
    const { secret } = (await world.invoke("keys.create", { name: "bench", preset: "admin" })) as { secret: string };
    const app = createApp(world.runtime, {
      log: { debug() {}, info() {}, warn() {}, error() {} },
      listenHost: "127.0.0.1",
    });
    const api = await listen(app.fetch, { port: 0 });
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const far = await drain(
      "far",
      async (consumer) =>
        (await (await fetch(`${api.url}/v1/consumers/${consumer}/events?limit=${page}`, { headers })).json()) as {
          items: unknown[];
          cursor: string;
        },
      async (consumer, cursor) =>
        (
          await fetch(`${api.url}/v1/consumers/${consumer}/ack`, {
            method: "POST",
            headers,
            body: JSON.stringify({ cursor }),
          })
        ).arrayBuffer(),
    );
    figures.push({
      name: "pull and acknowledge, over HTTP",
      value: far.rate,
      unit: "events/s",
      note: `${note}; the reader parses the JSON in the same process`,
    });
    figures.push(await idle(api.url, secret));
    await api.close({ drainMs: 0 });
    await world.close();
    return figures;
  },
};

/** What a stream costs that nothing happens on. */
async function idle(url: string, secret: string): Promise<Figure> {
  const before = await residentMb();
  const { child } = await startHelper("idle.ts", [url, secret, String(readers)]);
  await pause(1_000);
  const after = await residentMb();
  child.kill();
  return {
    name: "1,000 idle streams",
    value: Math.max(0, after - before),
    unit: "MB",
    goal: { kind: "atMost", value: 100 },
    note: "growth of the service's resident memory; readers in another process",
  };
}
