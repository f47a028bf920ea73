import type { EventDraft } from "@botyard/sdk";
import type { Figure, Suite } from "../figure.ts";
import { startSink } from "../helpers.ts";
import { percentile } from "../measure.ts";
import { openWorld } from "../world.ts";

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

/** Deliveries to receivers in another process: how many, and how soon. */
export const suite: Suite = {
  name: "webhooks",
  async run({ seconds: long, folder }) {
    const figures: Figure[] = [];
    for (const [sinks, perSecond, wanted] of [
      [1, 8_000, 8_000],
      [32, 20_000, 20_000],
    ] as const) {
      const world = await openWorld(folder, { durability: "full", name: `webhooks-${sinks}` });
      const { log } = world.runtime.core;
      const sink = await startSink();
      // As much as should take the time, and never so little that the start counts.
      const events = Math.max(500, Math.round((perSecond * long) / sinks));
      for (let done = 0; done < events; done += 100)
        await log.commit(about, {
          via: "frame",
          bots: ["helper"],
          events: Array.from({ length: 100 }, () => draft("x")),
        });
      const total = Math.ceil(events / 100) * 100 * sinks;
      const started = performance.now();
      const used = process.cpuUsage();
      for (let at = 0; at < sinks; at += 1)
        await world.invoke("webhooks.create", {
          name: `sink-${at}`,
          url: `${sink.url}/${at}`,
          start: "oldest",
          type: ["message.created"],
        });
      while ((await sink.stats()).taken < total) await pause(20);
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(used);
      const own = Math.round(total / ((user + system) / 1e6)).toLocaleString("en");
      figures.push({
        name: `webhooks to ${sinks} sink${sinks > 1 ? "s" : ""}`,
        value: total / seconds,
        unit: "deliveries/s",
        goal: { kind: "atLeast", value: wanted },
        note: `a backlog of ${(total / sinks).toLocaleString("en")} events in ${rooms} rooms, signed, each on disk; receivers in another process; ${own} for each second of the service's own processor time`,
      });
      await world.close();
      sink.close();
    }
    figures.push(...(await delays(folder, long)));
    return figures;
  },
};

/** From before the commit to the receiver, at a thousand events a second. */
async function delays(folder: string, seconds: number): Promise<readonly Figure[]> {
  const world = await openWorld(folder, { durability: "full", name: "webhooks-delay" });
  const { log } = world.runtime.core;
  const sink = await startSink();
  await world.invoke("webhooks.create", { name: "sink", url: `${sink.url}/`, type: ["message.created"] });
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
