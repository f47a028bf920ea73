import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.ts";
import { createFaultyHomeserver } from "./homeserver.ts";
import { createHookServer, type HookBot } from "./hooks.ts";
import { createRandom } from "./random.ts";
import { createReader } from "./reader.ts";
import type { LayerReport } from "./report.ts";
import { createSender } from "./sender.ts";
import { createService, must, type ServiceProcess } from "./service.ts";
import { createSink } from "./sink.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function makeHookBot(service: ServiceProcess, handle: string): Promise<HookBot> {
  const made = await must(service, "POST", "/v1/connections/chat/bots", { handle });
  const [step] = made["opened"] as readonly { readonly id: string; readonly run: { readonly command: string } }[];
  const [, secret = "", url = ""] = [...(step?.run.command ?? "").matchAll(/'([^']*)'/g)].map(([, word]) => word);
  await must(service, "POST", "/v1/connections/chat/sandbox/operate", { command: step?.run.command });
  await must(service, "POST", `/v1/steps/${step?.id}/verify`, {});
  const bot = await must(service, "GET", `/v1/connections/chat/bots/${handle}`);
  return { id: String(bot["nativeId"]), secret, url };
}

/**
 * The real program, killed again and again while people write, servers and receivers fail and bots send. Everything
 * outside of it goes on meanwhile, as the world does.
 */
export async function runProcesses(options: {
  readonly cycles: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
  readonly untilMs?: number;
  /** @see createService */
  readonly program?: string;
}): Promise<LayerReport> {
  const { cycles, seed, tell = () => {} } = options;
  const random = createRandom(seed);
  const data = mkdtempSync(join(tmpdir(), "botyard-faults-"));
  const service = await createService(data, options.program);
  const homeserver = await createFaultyHomeserver(service.hooksUrl, random.fork());
  const sink = await createSink(random.fork());
  const counts: Record<string, number> = {};
  const count = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1);
  const problems: string[] = [];
  let done = 0;
  try {
    await service.start();
    await must(service, "POST", "/v1/connections", {
      id: "hs",
      platform: "matrix-appservice",
      url: homeserver.url,
      import: { registration: homeserver.registration },
    });
    await must(service, "POST", "/v1/connections/hs/bots", { handle: "helper" });
    await must(service, "PUT", `/v1/connections/hs/rooms/${encodeURIComponent(homeserver.room)}/bots/helper`, {});
    await must(service, "POST", "/v1/connections", {
      id: "chat",
      platform: "sandbox",
      settings: { profiles: ["operator-install", "per-bot-copies"] },
    });
    const bots = [await makeHookBot(service, "one"), await makeHookBot(service, "two")];
    await must(service, "PUT", "/v1/consumers/checker", { start: "oldest", own: true });
    const made = await must(service, "POST", "/v1/webhooks", { name: "sink", url: sink.url, start: "oldest" });
    sink.secret(String(made["secret"]));

    const hooks = createHookServer(bots, "lobby-room", random.fork());
    const reader = createReader(service, random.fork());
    const sender = createSender(service, homeserver.room);
    const said: { id: string; text: string }[] = [];
    let going = true;
    /** Goes on by itself; the service's absence is part of the day. */
    const always = async (rest: () => number, work: () => Promise<unknown>): Promise<void> => {
      while (going) {
        await work().catch(() => count("not answered"));
        await pause(rest());
      }
    };
    const traffic = random.fork();
    const world = Promise.all([
      always(
        () => traffic.int(5, 60),
        async () => {
          const text = `said-${said.length + 1}`;
          said.push({ id: await homeserver.say(text), text });
        },
      ),
      always(() => 60, homeserver.retry),
      always(
        () => traffic.int(20, 90),
        async () => (hooks.say(`posted-${traffic.int(1, 1e9)}`), hooks.deliver()),
      ),
      always(() => traffic.int(10, 80), sender.fresh),
      always(() => 150, sender.again),
      always(() => 20, reader.read),
    ]);

    const startedAt = Date.now();
    for (; done < cycles && Date.now() - startedAt < (options.untilMs ?? Infinity); done += 1) {
      if (random.chance(0.6)) count(`homeserver ${homeserver.disturb(random)}`);
      if (random.chance(0.5)) count(`sink ${sink.disturb()}`);
      if (random.chance(0.3)) sink.heal();
      await pause(random.int(20, 500));
      const way = random.next();
      if (way < 0.85) {
        count("kill -9");
        await service.kill();
      } else if (way < 0.95) {
        count("SIGTERM");
        await service.stop();
      } else count("left alone");
      homeserver.heal();
      if (!service.running()) {
        await pause(random.int(0, 60));
        await service.start();
      }
      if (done % 25 === 24)
        tell(
          `process cycle ${done + 1}: ${said.length} said, ${sender.sends.length} sends, ${sink.taken.length} taken`,
        );
    }

    going = false;
    await world;
    homeserver.heal();
    sink.heal();
    problems.push(...(await settle()));
    problems.push(
      ...check({
        said,
        posted: hooks.acknowledged,
        seen: reader.seen,
        taken: sink.taken,
        sends: sender.sends,
        texts: homeserver.texts(),
        forged: sink.forged(),
      }),
    );
    const delivered = new Set(sink.taken.map(({ id }) => id)).size;
    return {
      layer: "process",
      seed,
      cycles: done,
      problems,
      counts: {
        ...counts,
        "ms of the slowest start": service.slowestStartMs(),
        "messages said": said.length,
        "messages posted by hook": hooks.acknowledged.size,
        sends: sender.sends.length,
        "sends tried more than once": sender.sends.filter(({ tries }) => tries > 1).length,
        "transactions repeated on purpose": homeserver.repeated(),
        "events pulled": new Set(reader.seen.map(({ event }) => event)).size,
        "events pulled again": reader.seen.length - new Set(reader.seen.map(({ event }) => event)).size,
        "events by webhook": delivered,
        "events by webhook again": sink.taken.length - delivered,
      },
    };

    /** Everything is well again: what waits comes, or for a minute nothing does and never will. */
    async function settle(): Promise<string[]> {
      let until = Date.now() + 60_000;
      let last = "";
      let before = "";
      while (Date.now() < until) {
        const now = `${last} ${reader.seen.length} ${sink.taken.length}`;
        if (now !== before) until = Date.now() + 60_000;
        before = now;
        try {
          await homeserver.retry();
          if (hooks.waiting() > 0) await hooks.deliver();
          const open = await sender.again();
          let more = true;
          while (more) more = await reader.read();
          await must(service, "POST", "/v1/webhooks/sink/replay", { now: true });
          const hook = await must(service, "GET", "/v1/webhooks/sink");
          const { retrying, dead, waiting } = hook as Record<string, number>;
          const left = said.filter(({ id }) => !homeserver.acknowledged().has(id)).length;
          last = `open sends ${open}, hooks ${hooks.waiting()}, unpushed ${left}, webhook ${JSON.stringify({ retrying, dead, waiting })}`;
          if (open === 0 && hooks.waiting() === 0 && left === 0 && retrying === 0 && waiting === 0) {
            await pause(300);
            while (await reader.read()) continue;
            return dead === 0 ? [] : [`${dead} events died within minutes`];
          }
        } catch (error) {
          last = String(error);
        }
        await pause(100);
      }
      return [`nothing more for a minute, and not settled: ${last}`];
    }
  } catch (error) {
    problems.push(`the run broke: ${error instanceof Error ? error.message : String(error)}\n${service.log()}`);
    return { layer: "process", seed, cycles: done, problems, counts };
  } finally {
    await service.kill();
    await sink.close();
    await homeserver.close();
    rmSync(data, { recursive: true, force: true });
  }
}
