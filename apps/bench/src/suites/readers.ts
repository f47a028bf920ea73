import { createApp, listen } from "@botyard/http";
import type { Figure, Suite } from "../figure.ts";
import { percentile } from "../measure.ts";
import { openReaders } from "../readers/readers.ts";
import { silent } from "../runtime.ts";
import { type BenchWorld, openWorld } from "../world.ts";

const about = { id: "chat", platform: "sandbox" };
let made = 0;

/** One message of a person; what it says is when it was made. */
function draft() {
  made += 1;
  const text = `at ${(performance.timeOrigin + performance.now()).toFixed(3)}`;
  return {
    key: { kind: "message" as const, id: `r${made}` },
    type: "message.created" as const,
    time: new Date().toISOString(),
    room: { id: "r_lobby", kind: "channel" as const, handle: "lobby", name: "Lobby" },
    actor: { id: "alice", kind: "user" as const, handle: "alice", name: "alice" },
    message: { id: `r${made}` },
    content: { text, format: "plain" as const, plain: text, mentions: [], files: [] },
  };
}

const commit = ({ runtime }: BenchWorld, events: number): Promise<unknown> =>
  runtime.core.log.commit(about, { via: "frame", bots: ["helper"], events: Array.from({ length: events }, draft) });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const ms = { unit: "ms" } as const;

/** Streams to many readers: how much goes through, and how late an event is when little happens. */
async function streams(world: BenchWorld, url: string, key: string, seconds: number): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  let alone: number | undefined;
  for (const readers of [1, 50, 500]) {
    const port = Number(new URL(url).port);
    const open = await openReaders({ port, path: "/v1/events/stream", key, readers });
    try {
      const events = Math.max(50, Math.ceil((20_000 * seconds) / readers / 3));
      const round = await open.expect(events * readers);
      const started = performance.now();
      for (let left = events; left > 0; left -= 10) await commit(world, Math.min(10, left));
      await round.all;
      const perSecond = (events * readers) / ((performance.now() - started) / 1000);
      alone ??= perSecond;
      const calm = await open.expect(20 * seconds * readers);
      for (let n = 0; n < 20 * seconds; n += 1) {
        await commit(world, 1);
        await sleep(50);
      }
      const delays = await calm.all;
      const name = `${readers} stream${readers > 1 ? "s" : ""}`;
      figures.push(
        {
          name: `events through ${name}`,
          value: perSecond,
          unit: "deliveries/s",
          ...(readers > 1 ? { against: { name: "through 1", value: alone } } : {}),
        },
        { name: `commit to reader, ${name}, p50`, value: percentile(delays, 50), ...ms },
        {
          name: `commit to reader, ${name}, p99`,
          value: percentile(delays, 99),
          ...ms,
          note: "20 events a second; readers are in a process of their own",
        },
      );
      await open.close();
    } finally {
      open.end();
    }
  }
  return figures;
}

/** The delay of a long poll over HTTP: from the commit to the answer being read. */
async function longPoll(world: BenchWorld, url: string, key: string): Promise<readonly Figure[]> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const consumer = `${url}/v1/consumers/poll`;
  await fetch(consumer, { method: "PUT", headers, body: JSON.stringify({ start: "now" }) });
  const delays: number[] = [];
  for (let i = 0; i < 200; i += 1) {
    const pulling = fetch(`${consumer}/events?waitMs=10000`, { headers }).then(
      (response) => response.json() as Promise<{ readonly cursor: string }>,
    );
    // Long enough that the poll waits already.
    await sleep(10);
    const at = performance.now();
    await commit(world, 1);
    const { cursor } = await pulling;
    delays.push(performance.now() - at);
    await fetch(`${consumer}/ack`, { method: "POST", headers, body: JSON.stringify({ cursor }) });
  }
  return [
    {
      name: "long poll: commit to answer, p50",
      value: percentile(delays, 50),
      ...ms,
      goal: { kind: "atMost", value: 5 },
    },
    {
      name: "long poll: commit to answer, p99",
      value: percentile(delays, 99),
      ...ms,
      goal: { kind: "atMost", value: 50 },
      note: "over HTTP, the caller in this process, with the commit itself",
    },
  ];
}

/** Streams to many readers, and the delay of a long poll. */
export const suite: Suite = {
  name: "readers",
  async run({ seconds, folder }) {
    const world = await openWorld(folder, { durability: "normal", name: "readers" });
    const { secret } = (await world.invoke("keys.create", { name: "bench", preset: "reader" })) as { secret: string };
    const app = createApp(world.runtime, {
      log: silent,
      listenHost: "127.0.0.1",
    });
    const api = await listen(app.fetch, { port: 0 });
    const figures = [...(await longPoll(world, api.url, secret)), ...(await streams(world, api.url, secret, seconds))];
    await api.close({ drainMs: 0 });
    await world.close();
    return figures;
  },
};
