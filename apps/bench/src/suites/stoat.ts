import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Gap } from "@botyard/sdk";
import stoat from "@botyard/stoat";
import { createSimulator, joinServer, makeServer, serveGateway } from "@botyard/stoat/simulator";
import type { Figure, Suite } from "../figure.ts";
import { percentile } from "../measure.ts";
import { openRuntime } from "../runtime.ts";

const recording = resolve(
  import.meta.dirname,
  "../../../../plugins/stoat/test/fixtures/recordings/122-ws-bot-invited.jsonl",
);
/** What people do again and again; what the recorded server did once (places made and left, logins) is left out. */
const everyday = new Set([
  "Message",
  "MessageUpdate",
  "MessageDelete",
  "BulkMessageDelete",
  "MessageReact",
  "MessageUnreact",
  "ChannelStartTyping",
  "ChannelStopTyping",
  "ChannelUpdate",
  "ServerMemberUpdate",
  "ServerRoleUpdate",
  "UserUpdate",
]);

const idPattern = /"([0-7][0-9A-HJKMNP-TV-Z]{25})"/g;
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const idOf = (n: number): string => {
  let tail = "";
  for (let rest = n, at = 0; at < 16; at += 1, rest = Math.floor(rest / 32)) tail = `${alphabet[rest % 32]}${tail}`;
  return `01M7W5657V${tail}`;
};

interface Cast {
  readonly bot: string;
  readonly person: string;
  readonly server: string;
  readonly channel: string;
}

/**
 * The frames that a real server sent to a bot, over and over with new message ids; people, server and channels are
 * those of the simulator. One string a frame.
 */
function createMix({ bot, person, server, channel }: Cast): { readonly size: number; pass(): string[] } {
  const lines = readFileSync(recording, "utf8").trim().split("\n").slice(1);
  const frames = lines.flatMap((line) => {
    const { dir, json } = JSON.parse(line) as { dir: string; json?: { type?: string } };
    return dir === "in" && everyday.has(json?.type ?? "") ? [json as Record<string, unknown>] : [];
  });
  const here = new Map<string, string>();
  for (const { type, author, channel: where, member, user } of frames as {
    type: string;
    author?: string;
    channel?: string;
    member?: { _id: { server: string } };
    user?: { bot?: unknown };
  }[]) {
    if (type !== "Message" || author === undefined) continue;
    here.set(author, user?.bot === undefined ? person : bot);
    here.set(where ?? "", channel);
    if (member) here.set(member._id.server, server);
  }
  const texts = frames.map((frame) => JSON.stringify(frame));
  let n = 0;
  return {
    size: texts.length,
    pass() {
      const fresh = new Map(here);
      return texts.map((text) =>
        text.replace(idPattern, (_, id: string) => {
          const known = fresh.get(id) ?? idOf((n += 1));
          fresh.set(id, known);
          return `"${known}"`;
        }),
      );
    },
  };
}

/** A runtime with one bot whose socket is open, over real sockets to the simulator's gateway. */
async function open(path: string, durability: "normal" | "full") {
  const sim = createSimulator({ rateLimits: false });
  const loopback = await serveGateway(sim.gateway);
  sim.world.options = { ...sim.world.options, gateway: loopback.url };
  const owner = sim.person("olga");
  const alice = sim.person("alice");
  const { server, channel } = makeServer(sim.world, owner.id, "Community");
  joinServer(sim.world, server, alice.id);
  const { runtime, call } = await openRuntime({ platforms: [stoat], store: { path, durability }, simulator: sim });
  await runtime.start();
  await call("connections.create", {
    id: "home",
    platform: "stoat",
    url: "https://stoat.test",
    credentials: { "owner-session": owner.token },
  });
  const { nativeId } = (await call("bots.create", { connection: "home", handle: "helper" })) as { nativeId: string };
  await call("rooms.add-bot", { connection: "home", room: "community", bot: "helper" });
  while (sim.gateway.count(nativeId) === 0) await new Promise((done) => setTimeout(done, 10));
  let committed = 0;
  let reached = (): void => {};
  runtime.core.log.onCommitted((_, events) => {
    committed += events.length;
    // it was sent last, and nothing else is looked at: whoever looks pays for it
    if (events.at(-1)?.event().native?.["type"] === lastType) reached();
  });
  return {
    sim,
    cast: { bot: nativeId, person: alice.id, server: server._id, channel: channel._id },
    /** Sends frames and waits until what they tell of is on disk; how many events that is. */
    async take(frames: readonly string[]): Promise<number> {
      committed = 0;
      const all = new Promise<void>((done) => (reached = done));
      for (const text of frames) sim.gateway.inject(nativeId, text);
      sim.gateway.inject(nativeId, JSON.stringify({ type: lastType, channel: channel._id }));
      await all;
      return committed;
    },
    gaps: async () => ((await call("gaps.list", {})) as { items: Gap[] }).items,
    async close() {
      await runtime.close({ drainMs: 0 });
      await loopback.close();
    },
  };
}

/** A kind no server has: kept as an unknown one, it tells that all before it is on disk. */
const lastType = "BenchLast";
const rounds = 5;

/** A recorded mix of frames through a real socket, decoded and committed to the disk. */
export const suite: Suite = {
  name: "stoat",
  async run({ seconds, folder }) {
    const figures: Figure[] = [];
    for (const durability of ["full", "normal"] as const) {
      const world = await open(join(folder, `stoat-${durability}.db`), durability);
      const mix = createMix(world.cast);
      const passes = (count: number): string[] => Array.from({ length: count }, () => mix.pass()).flat();
      const timed = async (frames: readonly string[]): Promise<{ events: number; seconds: number; cpu: number }> => {
        const used = process.cpuUsage();
        const from = performance.now();
        const events = await world.take(frames);
        const { user, system } = process.cpuUsage(used);
        return { events, seconds: (performance.now() - from) / 1000, cpu: (user + system) / 1_000_000 };
      };
      await world.take([]);
      const warm = await timed(passes(100));
      const count = Math.ceil((((seconds / rounds) * 100) / warm.seconds) * 0.8);
      const rates: number[] = [];
      const perCpu: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const frames = passes(count);
        const { events, seconds: took, cpu } = await timed(frames);
        rates.push(events / took);
        perCpu.push(events / cpu);
      }
      figures.push({
        name: `gateway events decoded and committed, ${durability}`,
        value: percentile(rates, 50),
        unit: "events/s",
        goal: { kind: "atLeast", value: 20_000 },
        note: `${mix.size} frames a pass, as a real server sent them to a bot; socket, sender and store share one process`,
      });
      figures.push({
        name: `the same by processor time, ${durability}`,
        value: percentile(perCpu, 50),
        unit: "events/s",
        note: "what one processor for itself would do, all threads of the process counted: other programs do not change it much",
      });
      if ((await world.gaps()).length > 0) throw new Error("the socket broke meanwhile");
      await world.close();
    }
    return figures;
  },
};
