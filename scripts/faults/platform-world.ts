import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../packages/core/src/host/logger.ts";
import { createRedactor } from "../../packages/core/src/host/redact.ts";
import { createRuntime } from "../../packages/core/src/runtime.ts";
import { createMemorySealer } from "../../packages/core/src/secrets/seal.ts";
import type { Connection, Gap, Step } from "../../packages/sdk/src/index.ts";
import { decodeAgain } from "./again.ts";
import { compareAll, type Said } from "./compare.ts";
import { createFastClock } from "./fast-clock.ts";
import { openCrashStore } from "./crash-store.ts";
import { createFaultyNetwork } from "./network.ts";
import type { Subject } from "./platforms.ts";
import type { Random } from "./random.ts";
import { type Seen, toSeen } from "./reader.ts";
import { follow, type Sent } from "./sends.ts";
import { headersOf, verifyWebhook } from "./verify.ts";

/** Time runs so much faster than on the wall. */
const times = 20;
const settleMs = 20_000;

type Started = Awaited<ReturnType<typeof createRuntime>>;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * One simulator of a real server with real sockets, and a runtime that crashes, on a clock that runs fast: links cut, answers
 * lost, halved, slow or never, storms of 429, a full disk, a receiver that fails. What people wrote, what bots sent and what
 * consumers saw is compared in the end.
 */
export async function runPlatformWorld(
  subject: Subject,
  random: Random,
  cycles: number,
  count: (name: string, n?: number) => void,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "botyard-platform-"));
  const clock = createFastClock(times);
  const sealer = createMemorySealer();
  const redactor = createRedactor();
  const connection = subject.platform.namespace;
  const place = await subject.place(clock);
  const network = place.fetch ? createFaultyNetwork(place.fetch, random.fork()) : null;
  const seen: Seen[] = [];
  const taken: Seen[] = [];
  const said: Said[] = [];
  const sends: Sent[] = [];
  const story: string[] = [];
  const note = (what: string): void => void story.push(`${new Date(clock.now()).toISOString().slice(11, 23)} ${what}`);
  let secret = "";
  let forged = 0;
  let sinkDown = false;
  /** Everything is set up: calls have as little time as those of a busy day. */
  let ready = false;
  let generation = 0;
  let crashed = openCrashStore(join(folder, "0.db"));
  let runtime: Started | null = null;
  /** Rejects when the process dies: whoever waits for an answer of it hears that the line is cut. */
  let died = Promise.withResolvers<never>();
  died.promise.catch(() => {});

  const start = async (): Promise<void> => {
    const started = await createRuntime({
      version: "faults",
      platforms: [subject.platform],
      store: crashed.store,
      sealer,
      logger: createLogger({ format: "json", level: "silent", redactor }),
      redactor,
      receive: true,
      hooksUrl: "https://bots.example.org",
      clock,
      ...(network ? { fetch: network.fetch } : {}),
      webhooks: {
        async post({ head, body }) {
          const none = { retryAfter: null, snippet: null, tookMs: 0 };
          if (secret === "" || sinkDown || random.chance(0.05))
            return { ...none, status: random.pick([500, 503, null]), reason: "down" };
          if (!verifyWebhook(secret, headersOf(head), body)) forged += 1;
          taken.push(toSeen(JSON.parse(body) as Record<string, unknown>));
          return { ...none, status: random.chance(0.05) ? null : 200, reason: null };
        },
      },
    });
    runtime = started;
    await started.start();
  };
  const call = async <T = Record<string, unknown>>(
    name: string,
    input: Record<string, unknown> = {},
    more: { readonly idempotencyKey?: string; readonly wait?: false } = {},
  ): Promise<T> => {
    if (!runtime) throw new Error("it is down");
    const given = {
      principal: runtime.local,
      request: "req_faults",
      deadlineMs: more.wait === false || !ready ? 3_600_000 : 5_000,
    };
    const { value } = await Promise.race([runtime.invoke(name, input, { ...given, ...more }), died.promise]);
    return value as T;
  };
  const drive = place.drive?.({
    invoke: (name, input = {}) => call(name, { connection, ...input }),
    async hook(request) {
      if (!runtime) throw new TypeError("connection refused");
      return Promise.race([runtime.hook(connection, request), died.promise]);
    },
  });
  const { say, transcript, room: ref } = drive ?? {};
  if (!drive || !say || !transcript || ref === undefined) throw new Error(`${subject.name}: its place plays nobody`);

  const crash = async (): Promise<void> => {
    count("crashes");
    note("crash");
    generation += 1;
    const path = join(folder, `${generation}.db`);
    const dead = runtime;
    runtime = null;
    died.reject(new TypeError("connection reset"));
    died = Promise.withResolvers<never>();
    died.promise.catch(() => {});
    crashed.crash(path);
    // Its connections are cut, also where it was still opening them.
    dead?.core.supervisor.live(connection)?.abort.abort();
    void dead?.close({ drainMs: 0 }).catch(() => {});
    rmSync(join(folder, `${generation - 1}.db`), { force: true });
    crashed = openCrashStore(path);
    await pause(random.int(0, 40));
    // People go on meanwhile.
    if (random.chance(0.5)) await write();
    await start();
  };

  let room = ref;
  async function write(): Promise<void> {
    const text = `said ${said.length + 1}`;
    const at = clock.now();
    try {
      said.push({ id: await (say as NonNullable<typeof say>)(room, text), text, at });
    } catch (error) {
      // Played through an operation of the platform, which is down with it.
      if (runtime) throw error;
    }
  }

  const attempt = (one: Sent): Promise<void> => follow(call, one, { connection, room });

  async function read(): Promise<boolean> {
    const page = await call<{ items: Record<string, unknown>[]; cursor: string }>("consumers.events", {
      consumer: "checker",
      limit: 200,
    });
    seen.push(...page.items.map(toSeen));
    if (!random.chance(0.2)) await call("consumers.ack", { consumer: "checker", cursor: page.cursor });
    return page.items.length > 0;
  }

  const problems: string[] = [];
  try {
    await start();
    await call("connections.create", {
      id: connection,
      platform: subject.platform.id,
      ...(place.url === undefined ? {} : { url: place.url }),
      ...(place.settings ? { settings: place.settings } : {}),
      ...(place.credentials ? { credentials: place.credentials } : {}),
      ...(place.import ? { import: place.import } : {}),
    });
    const { opened } = await call<{ opened: readonly Step[] }>("bots.create", { connection, handle: "helper" });
    for (const step of opened ?? []) {
      await drive.operate?.(step);
      await call("steps.verify", { step: step.id });
    }
    room = await call<{ room: string }>("rooms.add-bot", { connection, room: ref, bot: "helper" }).then(
      ({ room: id }) => id,
      () => ref,
    );
    await call("consumers.put", { consumer: "checker", start: "oldest", own: true });
    const hook = { name: "sink", url: "https://sink.example/", start: "oldest" };
    ({ secret } = await call<{ secret: string }>("webhooks.create", hook));

    ready = true;
    for (let n = 0; n < cycles; n += 1) {
      if (network && random.chance(0.6)) {
        const kind = network.disturb();
        count(`network ${kind}`);
        note(kind);
      }
      if (drive.cut && random.chance(0.3)) {
        count("socket cut");
        note("cut");
        await drive.cut().catch(() => {});
      }
      // Of the others the network loses them: some places lose those of people, too.
      if (!network && drive.loseAnswer && random.chance(0.15)) {
        count("server lose-answer");
        await drive.loseAnswer().catch(() => {});
      }
      const full = random.chance(0.08);
      if (full) {
        count("disk full");
        crashed.full(true);
      }
      // A server that hands a fact over once and never again, while our disk is full, is not promised to be heard.
      if (!full) for (let m = random.int(0, 4); m > 0; m -= 1) await write();
      const sending: Promise<void>[] = [];
      for (let m = random.int(0, 3); m > 0; m -= 1) {
        const one: Sent = { text: `send-${sends.length + 1}`, queued: random.chance(0.4), state: "open", row: null };
        sends.push(one);
        sending.push(attempt(one));
      }
      if (random.chance(0.15)) {
        sinkDown = !sinkDown;
        count("sink down or up");
      }
      await pause(random.int(0, 50));
      if (random.chance(0.5)) await read().catch(() => count("refused calls"));
      if (random.chance(0.6)) await crash();
      else await Promise.all(sending);
      if (full) crashed.full(false);
      if (random.chance(0.6)) network?.heal();
      for (const one of sends) if (one.state === "open" && random.chance(0.3)) await attempt(one).catch(() => {});
    }

    sinkDown = false;
    ready = false;
    network?.heal();
    problems.push(...(await settle()), ...(await verdict()));
  } catch (error) {
    problems.push(`the world broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    const last = runtime as Started | null;
    runtime = null;
    crashed.crash(join(folder, "end.db"));
    void last?.close({ drainMs: 0 }).catch(() => {});
    await place.close?.();
    rmSync(folder, { recursive: true, force: true });
  }
  count("messages said", said.length);
  count("messages seen", new Set(seen.map(({ event }) => event)).size);
  count("events by webhook", taken.length);
  count("sends", sends.length);
  if (problems.length > 0) problems.push(`story: ${story.join("; ")}`);
  return problems.map((text) => `[${subject.name}] ${text}`);

  /** Everything is well: what waits comes within some minutes of its own time, or it never will. */
  async function settle(): Promise<string[]> {
    const until = Date.now() + settleMs;
    let last = "";
    while (Date.now() < until) {
      for (const one of sends) if (one.state === "open") await attempt(one).catch(() => {});
      const open = sends.filter(({ state }) => state === "open").length;
      while (await read()) continue;
      const hook = { webhook: "sink" };
      await call("webhooks.replay", { ...hook, now: true });
      const { retrying, waiting } = await call<Record<"retrying" | "waiting", number>>("webhooks.get", hook);
      const { state, gaps, reason } = await call<Connection>("connections.get", { connection });
      last = `open sends ${open}, webhook ${retrying} retrying ${waiting} waiting, ${gaps} gaps, ${state} ${reason ?? ""}`;
      if (open === 0 && retrying === 0 && waiting === 0 && gaps === 0 && state === "ready") {
        await pause(100);
        while (await read()) continue;
        // A server that tries again may still do so, and what a history just brought is still on its way out.
        if (compareAll({ pull: seen, webhook: taken }, said, await gapsNow()).length === 0) return [];
        last = "";
      } else await pause(50);
    }
    return last === "" ? [] : [`not settled in time: ${last}`];
  }

  async function gapsNow(): Promise<readonly Gap[]> {
    return (await call<{ items: Gap[] }>("gaps.list", { limit: 500 })).items;
  }

  async function verdict(): Promise<string[]> {
    const found = await decodeAgain(call, connection, count);
    const gaps = await gapsNow();
    found.push(...compareAll({ pull: seen, webhook: taken }, said, gaps));
    const texts = await (transcript as NonNullable<typeof transcript>)(room);
    for (const { text, state } of sends) {
      const copies = texts.filter((other) => other === text).length;
      if (copies > 1) found.push(`${text} was posted ${copies} times`);
      if (state === "sent" && copies === 0) found.push(`${text} was answered as sent and is not there`);
    }
    for (const one of seen)
      if (one.text?.startsWith("send-") && !one.own) found.push(`${one.text}: its echo is not marked as own`);
    if (taken.some(({ own }) => own)) found.push("webhook: an own echo was sent");
    if (forged > 0) found.push(`webhook: ${forged} requests were not signed as they should be`);
    if (found.length > 0)
      found.push(
        `the webhook is ${JSON.stringify(await call("webhooks.get", { webhook: "sink" }))}`,
        `gaps were ${gaps.map((gap) => `${gap.from} to ${gap.to} ${gap.state} ${gap.messages}`).join("; ")}`,
      );
    return found;
  }
}
