import type { Figure, Suite } from "../figure.ts";
import { percentile } from "../measure.ts";
import { openWorld, type BenchWorld } from "../world.ts";

const rounds = 9;
const stuck = 64;

/** Delays of sends on a connection, while another one answers nothing and while there is no such one, in turn. */
export const suite: Suite = {
  name: "wedged",
  async run({ seconds, folder }) {
    const world = await openWorld(folder, { durability: "normal", name: "wedged" });
    const each = Math.max(300, Math.round((seconds * 1_000) / 2));
    await sends(world, each);
    const alone: number[] = [];
    const beside: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // A B, then B A: what grows over time hits both.
      for (const wedged of round % 2 === 0 ? [false, true] : [true, false]) {
        const end = wedged ? await wedge(world) : null;
        (wedged ? beside : alone).push(percentile(await sends(world, each), 99));
        await end?.();
      }
    }
    await world.close();
    const figures: Figure[] = [
      {
        name: "p99 of a send beside a wedged connection",
        value: percentile(beside, 50),
        unit: "ms",
        against: { name: "without it", value: percentile(alone, 50) },
        goal: { kind: "atMost", value: 1.05 },
        note: `${stuck} calls that nobody answers and as many queued behind them; medians of ${rounds} rounds each of ${each} sends, in turn`,
      },
    ];
    return figures;
  },
};

async function sends(world: BenchWorld, count: number): Promise<readonly number[]> {
  const delays: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const at = performance.now();
    await world.invoke("messages.send", { connection: "chat", room: "lobby", as: "helper", text: "well" });
    delays.push(performance.now() - at);
  }
  return delays;
}

let servers = 0;

/** Another server that takes calls and answers none. Answers how to end it. */
async function wedge(world: BenchWorld): Promise<() => Promise<void>> {
  const { runtime } = world;
  const connection = `stuck-${(servers += 1)}`;
  await world.invoke("connections.create", { id: connection, platform: "sandbox", settings: { server: connection } });
  await world.invoke("bots.create", { connection, handle: "helper" });
  await world.invoke("rooms.add-bot", { connection, room: "lobby", bot: "helper" });
  await world.invoke("sandbox.fault", {
    connection,
    kind: "delay",
    call: "message.post",
    count: 1_000,
    delayMs: 3_600_000,
  });
  const input = { connection, room: "lobby", as: "helper", text: "stuck" };
  const call = { principal: runtime.local, request: "req_wedged" };
  let answered = 0;
  const open = Array.from({ length: stuck }, () =>
    runtime.invoke("messages.send", input, { ...call, deadlineMs: 600_000 }).then(
      () => (answered += 1),
      () => (answered += 1),
    ),
  );
  for (let n = 0; n < stuck; n += 1) await runtime.invoke("messages.send", input, { ...call, wait: false });
  await new Promise((resolve) => setTimeout(resolve, 50));
  return async () => {
    if (answered > 0) throw new Error("the wedged connection answered: this measured nothing");
    await world.invoke("connections.delete", { connection });
    void open;
  };
}
