import { createApp, listen } from "@botyard/http";
import type { Figure, Suite } from "../figure.ts";
import { percentile, rate } from "../measure.ts";
import { openWorld } from "../world.ts";

/** Follows a stream and calls back for each event. */
async function follow(url: string, key: string, signal: AbortSignal, seen: () => void): Promise<void> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` }, signal });
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    const parts = rest.split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part.includes("data:")) seen();
  }
}

/** Streams to many readers, and the delay of a long poll. */
export const suite: Suite = {
  name: "readers",
  async run({ seconds, folder }) {
    const figures: Figure[] = [];
    const world = await openWorld(folder, { durability: "normal", name: "readers" });
    const { secret } = (await world.invoke("keys.create", { name: "bench", preset: "reader" })) as { secret: string };
    const app = createApp(world.runtime, {
      log: { debug() {}, info() {}, warn() {}, error() {} },
      listenHost: "127.0.0.1",
    });
    const api = await listen(app.fetch, { port: 0 });
    const about = { id: "chat", platform: "sandbox" };
    let n = 0;
    const commit = (): Promise<unknown> =>
      world.runtime.core.log.commit(about, {
        via: "frame",
        bots: ["helper"],
        events: [
          {
            key: { kind: "message", id: `r${(n += 1)}` },
            type: "message.created",
            time: new Date().toISOString(),
            room: { id: "r_lobby" },
            actor: { id: "alice", kind: "user" },
          },
        ],
      });
    let alone = 0;
    for (const readers of [1, 50, 500]) {
      const end = new AbortController();
      let delivered = 0;
      const following = Array.from({ length: readers }, () =>
        follow(`${api.url}/v1/events/stream?own=true`, secret, end.signal, () => (delivered += 1)).catch(() => {}),
      );
      await new Promise((resolve) => setTimeout(resolve, 500 + readers * 2));
      const before = delivered;
      const started = performance.now();
      const commits = await rate(commit, { seconds, lanes: 1 });
      await new Promise((resolve) => setTimeout(resolve, 500));
      const perSecond = (delivered - before) / ((performance.now() - started) / 1000);
      if (readers === 1) alone = commits;
      figures.push({
        name: `events delivered to ${readers} stream${readers > 1 ? "s" : ""}`,
        value: perSecond,
        unit: "events/s",
      });
      figures.push({
        name: `commits while ${readers} read`,
        value: commits,
        unit: "commits/s",
        against: { name: "while 1 reads", value: alone },
        note: "readers share the process with the writer",
      });
      end.abort();
      await Promise.race([Promise.all(following), new Promise((resolve) => setTimeout(resolve, 2_000))]);
    }
    const delays: number[] = [];
    await world.invoke("consumers.put", { consumer: "poll", start: "now" });
    for (let i = 0; i < 200; i += 1) {
      const pulling = world.invoke("consumers.events", { consumer: "poll", waitMs: 10_000 }) as Promise<{
        cursor: string;
      }>;
      await new Promise((resolve) => setTimeout(resolve, 2));
      const at = performance.now();
      await commit();
      const { cursor } = await pulling;
      delays.push(performance.now() - at);
      await world.invoke("consumers.ack", { consumer: "poll", cursor });
    }
    figures.push({
      name: "long poll: commit to answer, p50",
      value: percentile(delays, 50),
      unit: "ms",
      goal: { kind: "atMost", value: 5 },
    });
    figures.push({
      name: "long poll: commit to answer, p99",
      value: percentile(delays, 99),
      unit: "ms",
      goal: { kind: "atMost", value: 50 },
    });
    await api.close({ drainMs: 0 });
    await world.close();
    return figures;
  },
};
