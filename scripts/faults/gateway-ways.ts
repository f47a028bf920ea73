import type { Fault, Simulator } from "../../plugins/stoat/src/simulator/index.ts";
import type { Random } from "./random.ts";

/** What a disconnect needs of the world it happens in. */
export interface Ways {
  readonly random: Random;
  readonly sim: Simulator;
  readonly bots: readonly [string, ...string[]];
  /** The server's id of a bot. */
  readonly idOf: (bot: string) => string;
  readonly advance: (ms: number) => Promise<void>;
  /** Somebody says something. */
  readonly say: () => void;
  /** Some things are said and done, at most so many. */
  readonly talk: (most: number) => void;
  /** What is under way has arrived. */
  readonly settled: () => Promise<void>;
  readonly rotate: (bot: string) => Promise<void>;
  readonly crash: () => Promise<void>;
  /** Notes that a bot hears nothing from now on. */
  readonly note: (bot: string, how: string) => void;
  /** A cut of somebody who had not caught up yet. */
  readonly again: () => void;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

type Way = (on: Ways, bot: string, how: string) => Promise<void>;

/** How often a way is picked goes by how often it stands here. */
const ways: readonly [readonly [string, Way], ...(readonly [string, Way])[]] = [
  ["cut", cut],
  ["cut", cut],
  ["cut in a burst", burst],
  ["cut in a burst", burst],
  ["all cut", allCut],
  ["cut again while it is filled", cutAgain],
  ["cut at login", cutAtLogin],
  ["history fails meanwhile", historyFails],
  ["deaf", deaf],
  ["silent", silent],
  ["token replaced", rotated],
  ["crash", crashed],
];

/** One forced disconnect; something is said before, during and after it. */
export async function disconnect(on: Ways): Promise<void> {
  const { random } = on;
  const [how, way] = random.pick(ways);
  await way(on, random.pick(on.bots), how);
  on.talk(4);
  await on.advance(random.int(0, random.chance(0.1) ? 120_000 : 5_000));
  on.talk(4);
}

async function cut(on: Ways, bot: string, how: string): Promise<void> {
  on.talk(4);
  await turn();
  on.sim.gateway.cut(on.idOf(bot));
  on.note(bot, how);
}

async function burst(on: Ways, bot: string, how: string): Promise<void> {
  for (let n = on.random.int(5, 60); n > 0; n -= 1) on.say();
  if (on.random.chance(0.5)) await turn();
  on.sim.gateway.cut(on.idOf(bot));
  on.note(bot, how);
}

async function allCut(on: Ways, _: string, how: string): Promise<void> {
  on.talk(4);
  on.sim.gateway.cut();
  for (const bot of on.bots) on.note(bot, how);
}

async function cutAgain(on: Ways, bot: string, how: string): Promise<void> {
  const { random, sim } = on;
  sim.gateway.cut(on.idOf(bot));
  on.note(bot, how);
  on.talk(8);
  for (let n = random.int(1, 3); n > 0; n -= 1) {
    sim.fault({ kind: "slow", delayMs: random.int(1, 10), times: 2, fits: isHistory });
    for (let wait = 0; sim.gateway.count(on.idOf(bot)) === 0 && wait < 200; wait += 1) {
      await sleep(1);
      await on.advance(100);
    }
    on.talk(3);
    sim.gateway.cut(on.idOf(bot));
    on.again();
  }
}

async function cutAtLogin(on: Ways, bot: string, how: string): Promise<void> {
  on.sim.gateway.cut(on.idOf(bot));
  on.note(bot, how);
  for (let n = on.random.int(1, 3); n > 0; n -= 1) {
    on.talk(3);
    for (let wait = 0; on.sim.gateway.count(on.idOf(bot)) === 0 && wait < 200; wait += 1) await on.advance(100);
    on.sim.gateway.cut(on.idOf(bot));
  }
}

async function historyFails(on: Ways, bot: string, how: string): Promise<void> {
  const { random, sim } = on;
  sim.gateway.cut(on.idOf(bot));
  on.note(bot, how);
  for (let n = random.int(1, 3); n > 0; n -= 1)
    sim.fault({
      ...random.pick<Fault>([
        { kind: "answer", status: 502, body: "<html>bad gateway</html>" },
        { kind: "answer", status: 429, body: '{"retry_after":1500}', type: "application/json" },
        { kind: "refuse" },
        { kind: "lose-answer" },
      ]),
      fits: isHistory,
    });
  on.talk(6);
}

/** It goes on answering pings, and carries nothing: nobody knows when that began. */
async function deaf(on: Ways, bot: string, how: string): Promise<void> {
  on.say();
  await on.settled();
  on.sim.gateway.deafen(on.idOf(bot));
  on.note(bot, how);
  for (let n = on.random.int(1, 8); n > 0; n -= 1) {
    on.talk(2);
    await on.advance(on.random.int(0, 90_000));
  }
  on.sim.gateway.cut(on.idOf(bot));
}

async function silent(on: Ways, bot: string, how: string): Promise<void> {
  on.talk(3);
  on.sim.gateway.silence(on.idOf(bot));
  on.note(bot, how);
  await on.advance(45_000);
}

async function rotated(on: Ways, bot: string, how: string): Promise<void> {
  on.talk(3);
  on.note(bot, how);
  await on.rotate(bot);
}

async function crashed(on: Ways, _: string, how: string): Promise<void> {
  on.talk(3);
  for (const bot of on.bots) on.note(bot, how);
  await on.crash();
}

function isHistory({ method, url }: Request): boolean {
  return method === "GET" && /\/channels\/[^/]+\/messages\?/.test(url);
}
