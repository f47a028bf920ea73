import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event, Gap } from "../../packages/sdk/src/index.ts";
import { decodeAgain } from "./again.ts";
import { check } from "./disconnect-check.ts";
import { handles, openScene } from "./disconnect-scene.ts";
import { createRandom, type Random } from "./random.ts";
import type { LayerReport } from "./report.ts";

/** How often a way of losing a socket is picked; the last ones are not resumable. */
const ways = [
  "cut",
  "cut",
  "cut",
  "cut while written to",
  "cut while written to",
  "cut and cut again",
  "too much missed",
  "read too slowly",
  "hole in the stream",
  "server restarted",
  "server restarted",
  "history fails",
  "deaf, then cut",
  "Botyard restarted",
] as const;
const settleMs = 60_000;

type Scene = Awaited<ReturnType<typeof openScene>>;

/** Ends sockets in one way, with things said before, meanwhile and after; returns how many ended. */
async function lose(scene: Scene, way: (typeof ways)[number], random: Random): Promise<number> {
  const { sim, ids, say, change } = scene;
  const some = (most: number): void => {
    for (let left = random.int(0, most); left > 0; left -= 1) say();
  };
  const open = sim.hub.count();
  some(3);
  if (way === "cut" || way === "cut and cut again") sim.hub.cut();
  if (way === "cut while written to") {
    some(3);
    sim.hub.cut();
    some(20);
    await change();
  }
  if (way === "cut and cut again") {
    await nextTick(random.int(0, 30));
    some(3);
    sim.hub.cut();
  }
  if (way === "too much missed") {
    sim.hub.cut();
    await nextTick(0);
    for (let left = 300; left > 0; left -= 1) say();
    await change();
  }
  // More than the queue holds before anybody reads.
  if (way === "read too slowly") for (let left = 300; left > 0; left -= 1) say();
  if (way === "hole in the stream") {
    for (const id of ids.values()) sim.hub.dropNext(id);
    say();
    say();
  }
  if (way === "server restarted") {
    sim.faults.takeSockets(false);
    sim.restart();
    some(5);
    await change();
    sim.faults.takeSockets(true);
    some(3);
  }
  if (way === "history fails") {
    sim.faults.takeSockets(false);
    sim.restart();
    some(5);
    await change();
    for (let left = random.int(1, 6); left > 0; left -= 1)
      sim.faults.add({ kind: random.pick(["answer", "down"]), method: "GET", path: /\/(?:posts|channels|teams)$/ });
    sim.faults.takeSockets(true);
    some(3);
  }
  if (way === "deaf, then cut") {
    // Off and on again between two pings: the server resumes as if nothing had been missed.
    const tokens = await scene.tokens();
    for (const id of tokens) await scene.administer("POST", "/users/tokens/disable", { token_id: id });
    some(5);
    say();
    await change();
    for (const id of tokens) await scene.administer("POST", "/users/tokens/enable", { token_id: id });
    sim.hub.cut();
  }
  if (way === "Botyard restarted") {
    some(3);
    await scene.restart();
    some(3);
  }
  return open;
}

/** Every way in its share, before one comes again. */
function shuffled(random: Random): (typeof ways)[number][] {
  const left = [...ways];
  return ways.flatMap(() => left.splice(random.int(0, left.length - 1), 1));
}

const nextTick = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(fits: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = Date.now() + settleMs;
  while (!(await fits())) {
    if (Date.now() > end) return false;
    await nextTick(5);
  }
  return true;
}

/**
 * Breaks the sockets of a room's bots until `cycles` have ended, in ways that the seed picks, while people write, change
 * and delete; then compares what the server acknowledged with what a consumer was given.
 */
export async function runDisconnects(options: {
  /** Sockets that end, at least. */
  readonly cycles: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
}): Promise<LayerReport> {
  const { cycles, seed, tell = () => {} } = options;
  const random = createRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "botyard-disconnects-"));
  const counts: Record<string, number> = {};
  const count = (name: string, n = 1): void => void (counts[name] = (counts[name] ?? 0) + n);
  const problems: string[] = [];
  const scene = await openScene(folder, random);
  const events: Event[] = [];
  const gaps = new Map<string, Gap>();
  let deck: (typeof ways)[number][] = [];
  /** Losses of each bot that must each have a gap. */
  let losses = 0;

  const pull = async (): Promise<boolean> => {
    const page = await scene.call<{ items: Event[]; cursor: string }>("consumers.events", {
      consumer: "checker",
      limit: 500,
    });
    for (const event of page.items) {
      if (event.gap) gaps.set(event.gap.id, event.gap);
      events.push(event);
    }
    await scene.call("consumers.ack", { consumer: "checker", cursor: page.cursor });
    return page.items.length > 0;
  };
  const settled = async (): Promise<boolean> => {
    while (await pull());
    return (
      scene.sim.hub.count() === handles.length &&
      gaps.size >= losses &&
      ![...gaps.values()].some(({ state }) => state === "open")
    );
  };

  /** Every socket hears, and did not yet at that time. A cut before is none that could lose anything. */
  const hearing = (before: readonly (string | null)[]) => async (): Promise<boolean> => {
    const now = await scene.heardAt();
    return now.every((time, at) => time !== null && time !== before[at]);
  };

  try {
    if (!(await until(hearing([]))) || !(await until(settled))) problems.push("the first sockets did not open");
    let ended = 0;
    for (let round = 1; ended < cycles && problems.length === 0; round += 1) {
      if (deck.length === 0) deck = shuffled(random);
      const way = deck.pop() ?? "cut";
      const before = await scene.heardAt();
      const lost = await lose(scene, way, random);
      ended += lost;
      // After its own restart the server goes on where Botyard had come to: nothing is missing, and nothing is recorded.
      if (way === "Botyard restarted") {
        await until(hearing(before));
      } else losses += lost;
      count(way, lost);
      if (!(await until(settled)))
        problems.push(
          `round ${round} (${way}): ${scene.sim.hub.count()} sockets of ${handles.length} came back, ${gaps.size} gaps of ${losses} were recorded`,
        );
      if (round % 100 === 0) tell(`disconnects ${ended}: ${scene.said.length} messages, ${gaps.size} gaps`);
    }
    while (await pull());
    problems.push(...check(scene.said, events), ...(await decodeAgain(scene.call, "chat", count)));
    for (const gap of gaps.values()) {
      count(`gaps ${gap.state}, ${gap.certainty}`);
      if (gap.state !== "filled") problems.push(`${gap.id} is ${gap.state}: ${gap.reason ?? gap.cause}`);
    }
    count("messages", scene.said.length);
    count("events", events.length);
    return { layer: "disconnects", seed, cycles: ended, problems, counts };
  } finally {
    await scene.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
