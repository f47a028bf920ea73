import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { createApp, listen } from "@botyard/http";
import mattermost from "@botyard/mattermost";
import {
  addChannel,
  addPost,
  addTeam,
  addToken,
  addUser,
  createSimulator,
  joinTeam,
  seed,
} from "@botyard/mattermost/simulator";
import type { Figure, Suite } from "../figure.ts";
import type { FloodOptions } from "../mattermost/flood.ts";
import { percentile } from "../measure.ts";
import { openRuntime, silent } from "../runtime.ts";

/** A simulated server with a person in a channel, and a runtime with a bot in there whose socket goes to `socketUrl`. */
async function open(folder: string, name: string, socketUrl?: string) {
  const sim = createSimulator();
  const { admin, token } = seed(sim);
  const alice = addUser(sim.world, { username: "alice" });
  const team = addTeam(sim.world, "eng", "Engineering", admin);
  joinTeam(sim.world, team, alice.id);
  const room = addChannel(sim.world, { team_id: team.id, name: "ops", display_name: "Ops", type: "O" }, admin);
  room.members.set(alice.id, { roles: "channel_user" });
  const listener = await sim.listen();
  const { runtime, call } = await openRuntime({
    platforms: [mattermost],
    store: { path: join(folder, `${name}.db`), durability: "normal" },
    hooksUrl: "http://127.0.0.1:9",
    simulator: sim,
  });
  await runtime.start();
  await call("connections.create", {
    id: "chat",
    platform: "mattermost",
    url: socketUrl ?? listener.url,
    credentials: { "admin-token": token },
  });
  await call("bots.create", { connection: "chat", handle: "helper" });
  await call("rooms.add-bot", { connection: "chat", room: room.id, bot: "helper" });
  return {
    sim,
    runtime,
    call,
    url: listener.url,
    personToken: addToken(sim.world, alice.id, "bench").token,
    say: (message: string) => addPost(sim.world, room, alice, { message }),
    async close() {
      await runtime.close({ drainMs: 0 });
      await listener.close();
    },
  };
}

type World = Awaited<ReturnType<typeof open>>;

/** Where the bot's socket would go on; written in one transaction with the events. Undefined before the first greeting. */
async function place({ runtime }: World): Promise<number | undefined> {
  const kept = (await runtime.core.store.pluginGet("chat", "place/helper")) as { readonly next: number } | null;
  return kept?.next;
}

async function until(fits: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await fits())) {
    if (performance.now() > end) throw new Error("the frames did not come");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

interface Rate {
  readonly perSecond: number;
  /** Of this process and its threads: says the same where others use the machine. */
  readonly perCpuSecond: number;
}

async function frames(folder: string, name: string, count: number): Promise<Rate> {
  const options: FloodOptions = { frames: count };
  const worker = new Worker(new URL("../mattermost/flood.ts", import.meta.url), { workerData: options });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  const world = await open(folder, name, `http://127.0.0.1:${port}`);
  await until(async () => (await place(world)) !== undefined);
  const start = performance.now();
  const before = process.cpuUsage();
  worker.postMessage("go");
  await until(async () => (await place(world)) === count + 1);
  const perSecond = count / ((performance.now() - start) / 1000);
  const { user, system } = process.cpuUsage(before);
  const perCpuSecond = count / ((user + system) / 1_000_000);
  await world.close();
  await worker.terminate();
  return { perSecond, perCpuSecond };
}

interface Delays {
  readonly bare: readonly number[];
  readonly consumer: readonly number[];
  readonly added: readonly number[];
}

/** Messages one after the other at a steady pace; when each came to a bare WebSocket client and to a consumer over HTTP. */
async function delays(folder: string, count: number, everyMs: number): Promise<Delays> {
  const world = await open(folder, "delays");
  await until(async () => (await place(world)) !== undefined);
  const socket = new WebSocket(`${world.url.replace("http", "ws")}/api/v4/websocket`);
  const bare = new Map<string, number>();
  const greeted = new Promise<void>((resolve) => {
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ seq: 1, action: "authentication_challenge", data: { token: world.personToken } })),
    );
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as { event?: string; data?: { post?: string } };
      if (frame.event === "hello") resolve();
      if (frame.event !== "posted") return;
      const { message } = JSON.parse(frame.data?.post ?? "{}") as { message: string };
      bare.set(message, performance.now());
    });
  });
  await greeted;
  const { secret } = (await world.call("keys.create", { name: "bench", preset: "reader" })) as { secret: string };
  const app = createApp(world.runtime, { log: silent, listenHost: "127.0.0.1" });
  const api = await listen(app.fetch, { port: 0 });
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${api.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status} ${await response.text()}`);
    return response.json();
  };
  await ask("PUT", "/consumers/bench", { start: "now" });
  const seen = new Map<string, number>();
  let over = false;
  const reading = (async () => {
    while (!over) {
      const page = (await ask("GET", "/consumers/bench/events?waitMs=1000")) as {
        items: readonly { content?: { text: string } }[];
        cursor: string;
      };
      const at = performance.now();
      for (const { content } of page.items) if (content) seen.set(content.text, at);
      if (page.items.length > 0) await ask("POST", "/consumers/bench/ack", { cursor: page.cursor });
    }
  })();
  const posted = new Map<string, number>();
  for (let n = -20; n < count; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const text = `message ${n}`;
    if (n >= 0) posted.set(text, performance.now());
    world.say(text);
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  over = true;
  await reading;
  socket.close();
  await api.close({ drainMs: 0 });
  await world.close();
  const since = (at: ReadonlyMap<string, number>): readonly number[] =>
    [...posted].map(([text, start]) => (at.get(text) ?? Number.NaN) - start);
  const added = [...posted.keys()].map((text) => (seen.get(text) ?? Number.NaN) - (bare.get(text) ?? Number.NaN));
  if (added.some(Number.isNaN)) throw new Error("a message did not come");
  return { bare: since(bare), consumer: since(seen), added };
}

/** What the WebSocket of a bot brings, decoded and on disk; and how much later than a bare client a program hears it. */
export const suite: Suite = {
  name: "mattermost",
  async run({ seconds, folder }) {
    // First, while the heap is small: a collection of what the flood leaves behind would be measured instead.
    const { bare, consumer, added } = await delays(folder, 100 * seconds, 10);
    const rates: Rate[] = [];
    for (let round = 0; round < 3; round += 1)
      rates.push(await frames(folder, `frames-${round}`, Math.round(20_000 * seconds)));
    const figures: Figure[] = [
      {
        name: "frames decoded and committed, recorded mix, one socket",
        value: percentile(
          rates.map(({ perSecond }) => perSecond),
          50,
        ),
        unit: "frames/s",
        goal: { kind: "atLeast", value: 20_000 },
        note: "the server sends from another thread as fast as it is read; raw frames sealed and kept too",
      },
      {
        name: "the same, of a second of processor time",
        value: percentile(
          rates.map(({ perCpuSecond }) => perCpuSecond),
          50,
        ),
        unit: "frames/s",
        note: "sender and collector of garbage included; what others take from the machine is not in it",
      },
    ];
    for (const [p, most] of [
      [50, 2],
      [99, 10],
    ] as const) {
      figures.push({ name: `post to a bare WebSocket client, p${p}`, value: percentile(bare, p), unit: "ms" });
      figures.push({ name: `post to a consumer over HTTP, p${p}`, value: percentile(consumer, p), unit: "ms" });
      figures.push({
        name: `added by Botyard, p${p}`,
        value: percentile(added, p),
        unit: "ms",
        goal: { kind: "atMost", value: most },
        note: "of each message: at the consumer, less at the bare client; 100/s, server and both clients in one process",
      });
    }
    return figures;
  },
};
