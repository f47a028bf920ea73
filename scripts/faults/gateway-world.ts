import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../packages/core/src/host/logger.ts";
import { createRedactor } from "../../packages/core/src/host/redact.ts";
import { createRuntime } from "../../packages/core/src/runtime.ts";
import { createMemorySealer } from "../../packages/core/src/secrets/seal.ts";
import type { Event, Gap } from "../../packages/sdk/src/index.ts";
import stoat from "../../plugins/stoat/src/index.ts";
import { bitsOf } from "../../plugins/stoat/src/rules.ts";
import {
  createSimulator,
  joinServer,
  makeChannel,
  makeServer,
  put,
  serveGateway,
} from "../../plugins/stoat/src/simulator/index.ts";
import { drop, tellUpdate } from "../../plugins/stoat/src/simulator/messages.ts";
import { decodeAgain } from "./again.ts";
import { checkGateway, type Said } from "./gateway-check.ts";
import { disconnect, type Ways } from "./gateway-ways.ts";
import { createJumpingClock } from "./clock.ts";
import { openCrashStore } from "./crash-store.ts";
import type { Random } from "./random.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const patienceMs = 60_000;

/**
 * An instance with one bot or two, three channels they may read and one whose history is closed to them; real sockets on this
 * machine, a clock that is moved by hand. After `cycles` forced disconnects: what was said and what is in the log.
 */
export async function runGatewayWorld(
  random: Random,
  cycles: number,
  count: (name: string, n?: number) => void,
): Promise<string[]> {
  // Two bots in the same rooms: what one missed the other may have heard.
  const bots: readonly [string, ...string[]] = random.chance(0.5) ? ["helper"] : ["helper", "other"];
  const folder = mkdtempSync(join(tmpdir(), "botyard-gateway-"));
  const clock = createJumpingClock();
  const skewMs = random.int(-90_000, 90_000);
  const sim = createSimulator({ rateLimits: false, now: () => clock.now() + skewMs });
  const loopback = await serveGateway(sim.gateway);
  sim.world.options = { ...sim.world.options, gateway: loopback.url };
  const owner = sim.person("olga");
  const people = [sim.person("alice"), sim.person("boris")].map(({ id }) => id);
  const { server, channel } = makeServer(sim.world, owner.id, "Community");
  for (const id of people) joinServer(sim.world, server, id);
  const readable = [channel, makeChannel(sim.world, server, "second"), makeChannel(sim.world, server, "quiet")];
  const closed = makeChannel(sim.world, server, "staff");
  closed.default_permissions = { a: 0, d: bitsOf(["ReadMessageHistory"]) };

  const sealer = createMemorySealer();
  const redactor = createRedactor();
  let generation = 0;
  let crashed = openCrashStore(join(folder, "0.db"));
  let runtime: Awaited<ReturnType<typeof createRuntime>> | undefined;
  const said: Said[] = [];
  const deleted = new Set<string>();
  const edits = new Set<string>();
  const reactions = new Set<string>();
  const cuts: { readonly bot: string; readonly at: number; readonly how: string }[] = [];
  const problems: string[] = [];
  const ids = new Map<string, string>();

  async function start(): Promise<void> {
    const opened = await createRuntime({
      version: "faults",
      platforms: [stoat],
      store: crashed.store,
      sealer,
      logger: createLogger({ format: "json", level: "silent", redactor }),
      redactor,
      receive: true,
      clock,
      fetch: async (input, init) =>
        sim.fetch(
          new Request(String(input instanceof Request ? input.url : input), input instanceof Request ? input : init),
        ),
    });
    runtime = opened;
    await during(opened.start());
  }

  /** Moves time on in small steps while something is waited for that needs time, or the network. */
  async function during<T>(work: Promise<T>): Promise<T> {
    let over = false;
    void work.then(
      () => (over = true),
      () => (over = true),
    );
    for (const from = performance.now(); !over && performance.now() - from < patienceMs;) {
      await turn();
      await clock.advance(100);
    }
    return work;
  }
  const call = async <T = Record<string, unknown>>(name: string, input: Record<string, unknown>): Promise<T> => {
    if (!runtime) throw new Error("nothing runs");
    const { value } = await during(runtime.invoke(name, input, { principal: runtime.local, request: "req_faults" }));
    return value as T;
  };

  const gaps = async (): Promise<Gap[]> => {
    const found: Gap[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await call<{ items: Gap[]; next?: string }>("gaps.list", {
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(...page.items);
      if (page.next === undefined) return found;
      cursor = page.next;
    }
  };

  /** Waits until every bot is connected and no gap is open. */
  async function connected(): Promise<void> {
    for (const from = performance.now(); performance.now() - from < patienceMs;) {
      const there = bots.every((bot) => sim.gateway.count(ids.get(bot) ?? "") > 0);
      const { items } = await call<{ items: Gap[] }>("gaps.list", { state: "open" });
      if (there && items.length === 0) return;
      await sleep(1);
      await clock.advance(200);
    }
    throw new Error(`no connection after ${patienceMs} ms`);
  }

  function say(where = random.pick([...readable, ...readable, closed] as [typeof channel])): void {
    const text = `said ${said.length + 1}`;
    const at = clock.now();
    const { _id: id } = put(sim.world, where, random.pick(people as [string]), { content: text }, sim.world.id());
    said.push({ id, channel: where._id, text, at });
  }
  const talk = (most: number): void => {
    for (let n = random.int(0, most); n > 0; n -= 1) say();
    if (random.chance(0.3)) change();
  };

  /** Edits, deletes or reacts to one of the latest messages; each message gets each reaction once. */
  function change(): void {
    const one = said.at(-random.int(1, Math.min(said.length, 30)));
    const where = readable.find(({ _id }) => _id === one?.channel);
    const found = sim.world.messages.get(one?.channel ?? "")?.find(({ _id }) => _id === one?.id);
    if (!one || !where || !found) return;
    const hearers = [...ids.values()];
    switch (random.pick(["edit", "delete", "react", "react"])) {
      case "edit":
        found.content = `${one.text}, changed ${edits.size}`;
        found.edited = new Date(clock.now() + skewMs + edits.size).toISOString();
        edits.add(`${one.id} ${found.edited}`);
        tellUpdate(sim.world, where, found, { content: found.content, edited: found.edited });
        return count("messages edited");
      case "delete":
        deleted.add(one.id);
        drop(sim.world, where, [one.id]);
        sim.world.sent.emit(hearers, { type: "MessageDelete", id: one.id, channel: where._id });
        return count("messages deleted");
      default: {
        const user = random.pick(people as [string]);
        const emoji = random.pick(["👍", "❤️", "🎉"]);
        const users = found.reactions.get(emoji) ?? [];
        if (users.includes(user)) return;
        found.reactions.set(emoji, [...users, user]);
        reactions.add(`${one.id} ${user} ${emoji}`);
        const frame = { id: one.id, channel_id: where._id, user_id: user, emoji_id: emoji };
        sim.world.sent.emit(hearers, { type: "MessageReact", ...frame });
        count("reactions");
      }
    }
  }

  async function crash(): Promise<void> {
    generation += 1;
    const path = join(folder, `${generation}.db`);
    crashed.crash(path);
    void runtime?.close({ drainMs: 0 }).catch(() => {});
    await clock.advance(0);
    sim.gateway.cut();
    rmSync(join(folder, `${generation - 1}.db`), { force: true });
    crashed = openCrashStore(path);
    talk(5);
    await clock.advance(random.int(0, 600_000));
    talk(5);
    await start();
  }

  /** What was sent on the sockets has been read and committed. */
  async function settled(): Promise<void> {
    for (let n = 0; n < 5; n += 1) {
      await sleep(1);
      await clock.advance(1);
    }
  }

  const ways: Ways = {
    random,
    sim,
    bots,
    idOf: (bot) => ids.get(bot) ?? "",
    advance: (ms) => clock.advance(ms),
    say,
    talk,
    settled,
    rotate: async (bot) => void (await call("credentials.rotate", { connection: "home", bot })),
    crash,
    note(bot, how) {
      cuts.push({ bot, at: clock.now(), how });
      count(`disconnects: ${how}`);
    },
    again: () => count("disconnects: while a gap was filled"),
  };

  try {
    await start();
    await call("connections.create", {
      id: "home",
      platform: "stoat",
      url: "https://stoat.test",
      credentials: { "owner-session": owner.token },
    });
    for (const bot of bots) {
      const { nativeId } = await call<{ nativeId: string }>("bots.create", { connection: "home", handle: bot });
      ids.set(bot, nativeId);
      await call("rooms.add-bot", { connection: "home", room: "community", bot });
    }
    await connected();
    // A channel's history is read from what is known of it: something has been said everywhere.
    for (const where of [...readable, closed]) say(where);
    await settled();
    while (cuts.length < cycles) {
      await disconnect(ways);
      await connected();
      if (random.chance(0.3)) await settled();
    }
    await settled();
    await clock.advance(60_000);
    await connected();
    const facts = {
      said,
      deleted,
      edits,
      reactions,
      cuts,
      closed: closed._id,
      log: await events(),
      gaps: await gaps(),
    };
    problems.push(...checkGateway(facts, count), ...(await decodeAgain(call, "home", count)));
  } catch (error) {
    problems.push(`the world broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    if (runtime) await during(runtime.close({ drainMs: 0 })).catch(() => {});
    await loopback.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return problems;

  async function events(): Promise<Event[]> {
    const found: Event[] = [];
    for (let from = "oldest"; ;) {
      const page = await call<{ items: Event[]; cursor: string }>("events.list", { from, limit: 500, own: true });
      found.push(...page.items);
      if (page.items.length === 0) return found;
      from = page.cursor;
    }
  }
}
