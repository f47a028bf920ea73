import type { EventDraft } from "@botyard/sdk";
import type { Figure, Suite } from "../figure.ts";
import { barePosts } from "../bare-posts.ts";
import { type Sinks, startSink } from "../helpers.ts";
import { percentile } from "../measure.ts";
import { type BenchWorld, openWorld } from "../world.ts";

const rooms = 64;
let n = 0;

/** A message in one of many rooms: each room is delivered in order, one at a time. */
export function draft(text: string): EventDraft {
  n += 1;
  const room = `r${n % rooms}`;
  return {
    key: { kind: "message", id: `m${n}` },
    type: "message.created",
    time: new Date().toISOString(),
    room: { id: room, kind: "channel", handle: room, name: room },
    actor: { id: "alice", kind: "user", handle: "alice", name: "alice" },
    message: { id: `m${n}` },
    content: { text, format: "plain", plain: text, mentions: [], files: [] },
  };
}

const about = { id: "chat", platform: "sandbox" };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A webhook to a receiver that knows its secret. */
export async function addHook(
  world: BenchWorld,
  sink: Sinks,
  { path, name }: { readonly path: string; readonly name: string },
): Promise<{ readonly path: string; readonly secret: string }> {
  const made = { name, url: `${sink.url}${path}`, type: ["message.created"], start: "now" };
  const { secret } = (await world.invoke("webhooks.create", made)) as { readonly secret: string };
  await sink.trust(path, secret);
  return { path, secret };
}

/** Deliveries to receivers in another process: how many, and how soon. */
export const suite: Suite = {
  name: "webhooks",
  async run({ seconds, folder }) {
    const figures: Figure[] = [];
    for (const [sinks, perSecond, wanted] of [
      [1, 8_000, 8_000],
      [32, 20_000, 20_000],
    ] as const)
      // As much as should take the time, and never so little that the start counts.
      figures.push(
        ...(await rates(folder, { sinks, wanted, events: Math.max(500, Math.round((perSecond * seconds) / sinks)) })),
      );
    figures.push(...(await delays(folder, seconds)));
    return figures;
  },
};

/** A backlog posted to so many receivers; and the same posts to them by a bare loop, which is as fast as it could be. */
async function rates(
  folder: string,
  { sinks, wanted, events }: { readonly sinks: number; readonly wanted: number; readonly events: number },
): Promise<readonly Figure[]> {
  const world = await openWorld(folder, { durability: "full", name: `webhooks-${sinks}` });
  const sink = await startSink();
  const names = Array.from({ length: sinks }, (_, at) => `sink-${at}`);
  const paths: { readonly path: string; readonly secret: string }[] = [];
  for (const name of names) {
    paths.push(await addHook(world, sink, { path: `/${name}`, name }));
    await world.invoke("webhooks.update", { webhook: name, enabled: false });
  }
  for (let done = 0; done < events; done += 100)
    await world.runtime.core.log.commit(about, {
      via: "frame",
      bots: ["helper"],
      events: Array.from({ length: 100 }, () => draft("x")),
    });
  const each = Math.ceil(events / 100) * 100;
  const total = each * sinks;
  const size = `${sinks} sink${sinks > 1 ? "s" : ""}`;

  await sink.reset();
  const own = await measured(async () => {
    await Promise.all(names.map((webhook) => world.invoke("webhooks.update", { webhook, enabled: true })));
    while ((await sink.stats()).taken < total) await pause(20);
  });
  const { again, refused, usedMicros } = await sink.stats();

  const bodies: { readonly id: string; readonly text: string }[] = [];
  for (let after = 0; bodies.length < each;) {
    const page = await world.runtime.core.log.read({ after, filter: { type: ["message.created"] }, limit: 500 });
    for (const event of page.items) bodies.push({ id: event.id, text: JSON.stringify(event) });
    after = page.seq;
  }
  await world.close();
  await sink.reset();
  const bare = await measured(async () => {
    const good = await barePosts({ url: sink.url, bodies, paths, sockets: Math.min(64, 32 * sinks) });
    if (good !== total) throw new Error(`the bare loop had ${total - good} of ${total} refused`);
  });
  sink.close();
  return [
    {
      name: `webhooks to ${size}`,
      value: total / own.seconds,
      unit: "deliveries/s",
      goal: { kind: "atLeast", value: wanted },
      note: `a backlog of ${each.toLocaleString("en")} events in ${rooms} rooms, signed, each on disk; receivers that verify each in another process, ${(usedMicros / total).toFixed(1)} µs of its processor time each; ${again} came twice, ${refused} were refused`,
    },
    {
      name: `processor time of one, ${size}`,
      value: (own.used / total) * 1e6,
      unit: "µs",
      against: { name: "a bare loop that signs, writes and reads", value: (bare.used / total) * 1e6 },
      note: `the service's own, start and warming up included; the bare loop over node:net did ${Math.round(total / bare.seconds).toLocaleString("en")}/s to the same receivers`,
    },
  ];
}

async function measured(work: () => Promise<void>): Promise<{ readonly seconds: number; readonly used: number }> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - started) / 1000, used: (user + system) / 1e6 };
}

/** From before the commit to the receiver, at a thousand events a second. */
async function delays(folder: string, seconds: number): Promise<readonly Figure[]> {
  const world = await openWorld(folder, { durability: "full", name: "webhooks-delay" });
  const { log } = world.runtime.core;
  const sink = await startSink();
  await addHook(world, sink, { path: "/hook", name: "sink" });
  const now = (): number => performance.timeOrigin + performance.now();
  const send = async (count: number): Promise<void> => {
    const begun = performance.now();
    for (let sent = 0; sent < count;) {
      const due = Math.min(count, Math.floor(performance.now() - begun));
      for (; sent < due; sent += 1)
        void log.commit(about, { via: "frame", bots: ["helper"], events: [draft(`at ${now().toFixed(3)}`)] });
      await pause(1);
    }
  };
  await send(1000);
  await pause(500);
  await sink.reset();
  const count = Math.max(2, seconds) * 1000;
  await send(count);
  for (let waited = 0; waited < 100 && (await sink.stats()).taken < count; waited += 1) await pause(50);
  const { delays: late } = await sink.stats();
  await world.close();
  sink.close();
  const note = `${late.length.toLocaleString("en")} of ${count.toLocaleString("en")} events, one commit each, durability full, 1,000 a second`;
  return [
    {
      name: "event to webhook, p50",
      value: percentile(late, 50),
      unit: "ms",
      goal: { kind: "atMost", value: 5 },
      note,
    },
    {
      name: "event to webhook, p99",
      value: percentile(late, 99),
      unit: "ms",
      goal: { kind: "atMost", value: 50 },
      note,
    },
  ];
}
