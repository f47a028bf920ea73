import { writeFileSync } from "node:fs";
import { readLog, type LogEvent } from "../readers.ts";
import { pause, until, type Steps } from "../steps.ts";
import { rules, type Evidence } from "./audit.ts";
import type { Scene } from "./scene.ts";
import { botWriter, humanWriter, type Writer } from "./traffic.ts";

/** One way in which something ends or is disturbed while everybody writes. */
interface Outage {
  readonly name: string;
  readonly tag: string;
  readonly happen: (scene: Scene) => Promise<void>;
}

const list: readonly Outage[] = [
  {
    name: "Synapse stops and starts again",
    tag: "stop",
    happen: async ({ synapse }) => {
      await synapse.stop();
      await pause(500);
      await synapse.start();
    },
  },
  {
    name: "Synapse is killed and starts again",
    tag: "cut",
    happen: async ({ synapse }) => {
      await synapse.kill();
      await pause(500);
      await synapse.start();
    },
  },
  {
    name: "the binary is killed and starts again, five times",
    tag: "kill",
    happen: async ({ botyard }) => {
      for (const runMs of [60, 170, 290, 430, 700]) {
        await botyard.kill();
        await pause(150);
        await botyard.start();
        await pause(runMs);
      }
    },
  },
  {
    name: "the binary stops in the middle of sends and starts again",
    tag: "term",
    happen: async ({ botyard }) => {
      const { code, signal } = await botyard.stop(15_000);
      if (code !== 0) throw new Error(`it ended with ${code ?? signal}`);
      await botyard.start();
    },
  },
  {
    name: "both are killed and start again",
    tag: "both",
    happen: async ({ synapse, botyard }) => {
      await Promise.all([synapse.kill(), botyard.kill()]);
      await Promise.all([synapse.start(), botyard.start()]);
    },
  },
  {
    name: "the tokens of the registration are changed",
    tag: "token",
    happen: async ({ synapse, botyard, registration }) => {
      const text = await botyard.cli("matrix", "rotate-tokens", "--connection", "matrix");
      writeFileSync(registration, text, { mode: 0o600 });
      await synapse.stop();
      await synapse.start();
      // Nobody says so: the first call of the homeserver does, or the look at the step.
      await until(
        "the connection with its new tokens",
        async () => {
          const { state, steps } = await botyard.ask<{ state: string; steps: readonly string[] }>(
            "GET",
            "/connections/matrix",
          );
          return (state === "ready" && steps.length === 0) || undefined;
        },
        { limitMs: 60_000, everyMs: 500 },
      );
    },
  },
  {
    name: "answers to transactions are lost and transactions come twice at once",
    tag: "repeat",
    happen: async ({ tap }) => {
      tap.loseAnswers(2);
      tap.sendTwice(5);
      await until("both faults", () => (tap.struck.lost >= 2 && tap.struck.doubled >= 5) || undefined, {
        limitMs: 30_000,
      });
    },
  },
];

/** Lets a person and a bot's program write through every outage, then compares what each was told with what is there. */
export async function outages(steps: Steps, scene: Scene): Promise<void> {
  const humans: Writer[] = [];
  const bots: Writer[] = [];
  for (const { name, tag, happen } of list) {
    await steps.step(name, () => through(scene, tag, happen, humans, bots), { limitMs: 180_000 });
    steps.note([humans, bots].map((writers) => describe(writers.at(-1))).join("; "));
  }
  const human = merged(humans);
  const bot = merged(bots);
  await steps.check("everything the person wrote arrives", async () => {
    await until(
      "the last of the person's messages",
      async () => {
        const missing = missingIn(await readLog(scene.botyard), human);
        if (missing.length > 0)
          throw new Error(`${missing.length} of ${human.size} are missing, as ${missing.slice(0, 5).join(", ")}`);
        return true;
      },
      { limitMs: 60_000, everyMs: 500 },
    );
  });
  await steps.check("every send, repeated with its key, answers as the first time", () => repeatAll(scene, bot));
  await pause(1_500);
  await scene.pulling.stop();
  await scene.streaming.stop();

  const evidence: Evidence = {
    human,
    bot,
    pushed: scene.tap.acknowledged(),
    history: await scene.human.history(scene.room),
    log: await readLog(scene.botyard),
    pulled: scene.pulling.seen,
    streamed: scene.streaming.seen,
    humanId: scene.human.userId,
    botId: scene.botId,
  };
  steps.note(
    `compared: ${human.size} messages of the person, ${bot.size} sends, ${evidence.log.length} events in the log`,
  );
  for (const { name, broken } of rules) {
    await steps.check(name, async () => {
      const found = broken(evidence);
      if (found.length > 0) throw new Error([`${found.length} broken:`, ...found.slice(0, 10)].join("\n"));
    });
  }
}

/** Some messages before, the outage in the middle, some after it; then every message begun has to be acknowledged. */
async function through(
  scene: Scene,
  tag: string,
  happen: Outage["happen"],
  humans: Writer[],
  bots: Writer[],
): Promise<void> {
  const person = humanWriter(scene.human, scene.room, tag);
  const program = botWriter(scene.botyard, scene.room, tag);
  humans.push(person);
  bots.push(program);
  const more = (count: number): Promise<unknown> => {
    const [people, sends] = [person.acknowledged.size + count, program.acknowledged.size + count];
    const enough = (): true | undefined =>
      (person.acknowledged.size >= people && program.acknowledged.size >= sends) || undefined;
    return until("messages to be acknowledged", enough, { limitMs: 60_000, everyMs: 20 });
  };
  try {
    await more(5);
    await happen(scene);
    await more(5);
  } finally {
    await Promise.all([person.finish(), program.finish()]);
  }
  for (const writer of [person, program]) {
    if (writer.open.size > 0)
      throw new Error(`never acknowledged: ${[...writer.open].join(", ")}; ${describe(writer)}`);
  }
}

/** The keys are still remembered: the first answer comes again, and (the rules see to it) no second message. */
async function repeatAll({ botyard, room }: Scene, sends: ReadonlyMap<string, string>): Promise<void> {
  const path = `/connections/matrix/rooms/${encodeURIComponent(room)}/messages`;
  const wrong: string[] = [];
  for (const [text, id] of sends) {
    const answer = await botyard.call("POST", path, { body: { as: "helper", text }, idempotencyKey: text });
    const again = answer.body as { message?: string };
    if (!answer.replayed || again.message !== id)
      wrong.push(`${text}: ${id}, then ${answer.status} ${JSON.stringify(again)}`);
  }
  if (wrong.length > 0) throw new Error([`${wrong.length} of ${sends.size} differ:`, ...wrong.slice(0, 5)].join("\n"));
}

function missingIn(log: readonly LogEvent[], human: ReadonlyMap<string, string>): string[] {
  const logged = new Set(log.map((event) => event.message?.id));
  return [...human].filter(([, id]) => !logged.has(id)).map(([text]) => text);
}

function merged(writers: readonly Writer[]): Map<string, string> {
  return new Map(writers.flatMap((writer) => [...writer.acknowledged]));
}

function describe(writer: Writer | undefined): string {
  if (!writer) return "";
  const trouble = [...writer.trouble].map(([what, times]) => `${what} ×${times}`);
  return [`${writer.acknowledged.size} acknowledged`, ...trouble].join(", ");
}
