import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../packages/core/src/host/logger.ts";
import { createRedactor } from "../../packages/core/src/host/redact.ts";
import { createRuntime } from "../../packages/core/src/runtime.ts";
import { createMemorySealer } from "../../packages/core/src/secrets/seal.ts";
import type { Gap } from "../../packages/sdk/src/index.ts";
import sandbox from "../../plugins/sandbox/src/index.ts";
import { decodeAgain } from "./again.ts";
import { createJumpingClock } from "./clock.ts";
import { openCrashStore } from "./crash-store.ts";
import type { Random } from "./random.ts";
import { type Seen, toSeen } from "./reader.ts";
import { follow, type Sent } from "./sends.ts";
import { headersOf, verifyWebhook } from "./verify.ts";

const hour = 3_600_000;

type Started = Awaited<ReturnType<typeof createRuntime>>;
interface Line {
  readonly id: string;
  readonly user: { readonly id?: string; readonly name?: string } | string;
  readonly text: string;
  readonly time: string;
}

/**
 * One server with its habits, one data directory, a clock that jumps: crashes, links, storms, a full disk, receivers that
 * are down for hours. No process and no socket: a cycle takes milliseconds. The seed decides what goes wrong when, and how often what
 * does in this world: rare pairs of faults need worlds that have little else.
 */
export async function runWorld(
  habits: readonly string[],
  random: Random,
  cycles: number,
  count: (name: string, n?: number) => void,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "botyard-simulated-"));
  const clock = createJumpingClock();
  const sealer = createMemorySealer();
  const redactor = createRedactor();
  const server = `faults-${random.int(1, 1e9)}`;
  const taken: Seen[] = [];
  const seen: Seen[] = [];
  const sends: Sent[] = [];
  let secret = "";
  let forged = 0;
  let sinkDown = false;
  let generation = 0;
  const jumps = random.pick([0, 0.1, 0.1, 0.4]);
  const fulls = random.pick([0, 0.1, 0.1, 0.3]);
  const crashes = random.pick([0.15, 0.5, 0.5, 0.8]);
  let crashed = openCrashStore(join(folder, "0.db"));
  let runtime: Started;

  const start = async (): Promise<void> => {
    const { store } = crashed;
    runtime = await createRuntime({
      version: "faults",
      platforms: [sandbox],
      store,
      sealer,
      logger: createLogger({ format: "json", level: "silent", redactor }),
      redactor,
      receive: true,
      clock,
      webhooks: {
        async post({ head, body }) {
          const none = { retryAfter: null, snippet: null, tookMs: 0 };
          // It is there before whoever made it knows its secret.
          if (secret === "" || sinkDown || random.chance(0.05))
            return { ...none, status: random.pick([500, 503, null]), reason: "down" };
          if (!verifyWebhook(secret, headersOf(head), body)) forged += 1;
          taken.push(toSeen(JSON.parse(body) as Record<string, unknown>));
          // The answer is lost on the way back: it comes again.
          return random.chance(0.05)
            ? { ...none, status: null, reason: "cut" }
            : { ...none, status: 200, reason: null };
        },
      },
    });
    const starting = runtime.start();
    await clock.advance(3_000);
    await starting;
  };
  const call = async <T = Record<string, unknown>>(
    name: string,
    input: Record<string, unknown>,
    more: { readonly idempotencyKey?: string; readonly wait?: false } = {},
  ): Promise<T> => {
    const answer = runtime.invoke(name, input, {
      principal: runtime.local,
      request: "req_faults",
      deadlineMs: more.wait === false ? hour : 5_000,
      ...more,
    });
    let settled = false;
    void answer.then(
      () => (settled = true),
      () => (settled = true),
    );
    await clock.advance(0);
    for (let n = 0; n < 40 && !settled; n += 1) await clock.advance(500);
    return (await answer).value as T;
  };
  const tryCall = (...given: Parameters<typeof call>) => call(...given).catch(() => count("refused calls"));

  const send = (one: Sent): Promise<void> => follow(call, one, { connection: "chat", room: "lobby" });

  async function read(): Promise<boolean> {
    const page = await call<{ items: Record<string, unknown>[]; cursor: string }>("consumers.events", {
      consumer: "checker",
      limit: 200,
    });
    seen.push(...page.items.map(toSeen));
    if (!random.chance(0.2)) await call("consumers.ack", { consumer: "checker", cursor: page.cursor });
    return page.items.length > 0;
  }

  async function crash(): Promise<void> {
    generation += 1;
    const path = join(folder, `${generation}.db`);
    crashed.crash(path);
    // What it had begun ends with it: its calls wait for ever, its sleeps are woken and find nothing to do.
    void runtime.close({ drainMs: 0 }).catch(() => {});
    await clock.advance(0);
    rmSync(join(folder, `${generation - 1}.db`), { force: true });
    crashed = openCrashStore(path);
    if (random.chance(0.5)) await clock.advance(random.int(0, 3 * hour));
    await start();
  }

  const problems: string[] = [];
  const story: string[] = [];
  const note = (what: string): void => void story.push(`${new Date(clock.now()).toISOString()} ${what}`);
  try {
    await start();
    await call("connections.create", {
      id: "chat",
      platform: "sandbox",
      settings: { profiles: habits, server, heartbeatMs: 60_000 },
      ...(habits.includes("two-credentials") ? { credentials: { "owner-session": "session-ops-admin" } } : {}),
    });
    for (const bot of ["helper", "other"]) {
      await call("bots.create", { connection: "chat", handle: bot });
      await call("rooms.add-bot", { connection: "chat", room: "lobby", bot });
    }
    await call("consumers.put", { consumer: "checker", start: "oldest", own: true });
    ({ secret } = await call<{ secret: string }>("webhooks.create", {
      name: "sink",
      url: "https://sink.example/",
      start: "oldest",
    }));

    for (let n = 0; n < cycles; n += 1) {
      const fault = random.pick([
        "cut",
        "deaf",
        "refuse-sockets",
        "hold",
        "lose-answer",
        "fail-before",
        "delay",
        "odd-frame",
        "none",
        "none",
      ]);
      if (fault !== "none") {
        count(`server ${fault}`);
        note(fault);
        await tryCall("sandbox.fault", {
          connection: "chat",
          kind: fault,
          ...(["lose-answer", "fail-before", "delay"].includes(fault)
            ? {
                call: random.pick(["message.post", "message.page"]),
                count: random.int(1, 6),
                delayMs: random.int(1, 3_000),
              }
            : {}),
          ...(fault === "fail-before" ? { status: random.pick([429, 500, 503]) } : {}),
        });
      }
      const full = random.chance(fulls);
      if (full) {
        count("disk full");
        crashed.full(true);
      }
      for (let m = random.int(0, 6); m > 0; m -= 1)
        await tryCall("sandbox.say", {
          connection: "chat",
          room: random.pick(["lobby", "lobby", "eng:ops"]),
          text: `said ${n} ${m}`,
          user: "alice",
        });
      for (let m = random.int(0, 3); m > 0; m -= 1) {
        const queued = random.chance(0.3);
        const one: Sent = { text: `send-${sends.length + 1}`, state: "open", queued, row: null };
        sends.push(one);
        await send(one);
      }
      if (random.chance(0.15)) {
        sinkDown = !sinkDown;
        count("sink down or up");
      }
      if (random.chance(0.5)) await read().catch(() => count("refused calls"));
      const ms = random.int(0, random.chance(0.1) ? 4 * hour : 30_000);
      // What a server holds back for more than a minute, across a crash, is not promised to be found.
      if (ms > 20_000 || fault !== "hold") await tryCall("sandbox.fault", { connection: "chat", kind: "release" });
      await clock.advance(ms);
      if (random.chance(jumps)) {
        count("clock jumps");
        clock.jump(random.int(-2 * hour, 2 * hour));
        note(`the clock jumps here${full ? ", with a full disk" : ""}`);
        // A clock that is set back is noticed within 15 s; a crash before that is not promised to be covered.
        await clock.advance(16_000);
      }
      if (random.chance(crashes)) {
        count("crashes");
        note("crash");
        await crash();
      }
      if (full) {
        crashed.full(false);
        await clock.advance(1_100); // what it did not take is tried again after a second
      }
      if (random.chance(0.6)) {
        for (const kind of ["clear", "release"]) await tryCall("sandbox.fault", { connection: "chat", kind });
      }
      for (const one of sends)
        if (one.state === "open" && random.chance(0.5)) await send(one).catch(() => count("refused calls"));
    }

    sinkDown = false;
    for (const kind of ["clear", "release"]) await tryCall("sandbox.fault", { connection: "chat", kind });
    for (let n = 0; n < 8; n += 1) await clock.advance(60_000);
    for (let n = 0; n < 5; n += 1) for (const one of sends) if (one.state === "open") await send(one);
    for (let n = 0; n < 200; n += 1) {
      await call("webhooks.replay", { webhook: "sink", now: true });
      await clock.advance(1_000);
      const { retrying, waiting } = await call<{ retrying: number; waiting: number }>("webhooks.get", {
        webhook: "sink",
      });
      if (retrying === 0 && waiting === 0) break;
    }
    for (let n = 0; n < 400 && (await read()); n += 1) continue;
    await call("webhooks.replay", { webhook: "sink" });
    await clock.advance(10_000);
    problems.push(...(await verdict()));
  } catch (error) {
    problems.push(`the world broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    crashed.crash(join(folder, "end.db"));
    rmSync(folder, { recursive: true, force: true });
  }
  count("messages seen", new Set(seen.map(({ event }) => event)).size);
  count("events by webhook", taken.length);
  count("sends", sends.length);
  if (problems.length > 0) problems.push(`story: ${story.join("; ")}`);
  return problems.map((text) => `[${habits.join(" ") || "plain"}] ${text}`);

  async function verdict(): Promise<string[]> {
    const found = await decodeAgain(call, "chat", count);
    const gaps = (await call<{ items: Gap[] }>("gaps.list", { limit: 500 })).items;
    const inGap = (time: string): boolean =>
      gaps.some((gap) => gap.state !== "filled" && gap.from <= time && (gap.to === null || time <= gap.to));
    for (const room of ["lobby"]) {
      const { items } = await call<{ items: Line[] }>("sandbox.transcript", { connection: "chat", room });
      const people = items.filter(({ text }) => text.startsWith("said "));
      for (const [name, list] of [
        ["pull", seen],
        ["webhook", taken],
      ] as const) {
        const events = new Map<string, Set<string>>();
        for (const one of list)
          if (one.type === "message.created" && one.message !== null)
            events.set(one.message, (events.get(one.message) ?? new Set()).add(one.event));
        for (const [message, ids] of events)
          if (ids.size > 1) found.push(`${name}: message ${message} is ${ids.size} events`);
        for (const { id, text, time } of people)
          if (!events.has(id) && !inGap(time)) found.push(`${name}: "${text}" never came and no gap says so (${time})`);
      }
      for (const { text, state } of sends) {
        const copies = items.filter((item) => item.text === text).length;
        if (copies > 1) found.push(`${text} was posted ${copies} times`);
        if (state === "sent" && copies === 0) found.push(`${text} was answered as sent and is not there`);
        if (state === "open" && copies > 0)
          found.push(`${text} is there, and its sender was told that nothing was done`);
      }
    }
    if (found.length > 0)
      found.push(`gaps were ${gaps.map((gap) => `${gap.from} to ${gap.to} ${gap.state}`).join("; ")}`);
    for (const one of seen)
      if (one.text?.startsWith("send-") && !one.own) found.push(`${one.text}: its echo is not marked as own`);
    if (taken.some(({ own }) => own)) found.push("webhook: an own echo was sent");
    if (forged > 0) found.push(`webhook: ${forged} requests were not signed as they should be`);
    return found;
  }
}
