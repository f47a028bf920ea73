import { operations, type AnyOperation, type AnyPlatform, type Capability } from "@botyard/sdk";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { streamOf } from "./bytes.ts";
import { cases } from "./cases/index.ts";
import type { Case, Scene } from "./cases/case.ts";
import { withOlder } from "./older.ts";
import type { Place } from "./place.ts";
import { createScene } from "./scene.ts";
import { createWorld, type InstalledForTest, type Way, type World } from "./world.ts";

export interface PlatformUnderTest {
  readonly platform: AnyPlatform;
  /** A fresh server; called once for each way. */
  readonly connect: () => Place | Promise<Place>;
  /** Default: `direct` and `channel`; with `installed`, `process` alone. */
  readonly ways?: readonly Way[];
  /** The plugin as it is installed, and the program that runs it; asked for before the first case. */
  readonly installed?: () => InstalledForTest | Promise<InstalledForTest>;
}

const words: Readonly<Record<Way, string>> = {
  direct: "in process",
  channel: "through the channel",
  process: "in a process of its own",
};

/**
 * The contract every platform keeps, through the core, once with the plugin as a module and once over a port that only
 * copies pass. What is tested follows from what the platform declares: an operation that is `none`, by its ceiling or by
 * the probe, must answer `unsupported` and say why. Cases the place cannot play are skipped with the reason.
 *
 * @example
 * testPlatform("sandbox", { platform, connect: () => ({ drive: () => ({ room: "lobby", say: … }) }) });
 */
export function testPlatform(name: string, options: PlatformUnderTest): void {
  const { platform, installed } = options;
  const tally: Tally = { passed: 0, failed: 0, skipped: 0, undeclared: 0 };
  afterAll(() => {
    const { passed, failed, skipped, undeclared } = tally;
    const all = `${passed} passed, ${failed} failed, ${skipped} skipped, ${undeclared} not declared`;
    process.stdout.write(`testPlatform(${name}): ${all}\n`);
  });
  for (const way of options.ways ?? (installed ? (["process"] as const) : (["direct", "channel"] as const))) {
    describe(`${name}, ${words[way]}`, () => {
      let scene: Scene | undefined;
      let failure: unknown;
      beforeAll(async () => {
        const older = way === "process" ? undefined : withOlder(platform);
        const world = await createWorld({
          platform: older?.platform ?? platform,
          way,
          place: await options.connect(),
          ...(installed ? { installed: await installed() } : {}),
        });
        try {
          scene = await createScene(world, older?.asOlder);
        } catch (error) {
          failure = error;
          await world.close();
        }
      });
      afterAll(async () => scene?.world.close());
      const ready = (): Scene => {
        if (scene) return scene;
        throw failure instanceof Error ? failure : new Error("the scene could not be set", { cause: failure });
      };
      for (const noun of nouns(options.platform)) describeNoun(noun, options.platform, ready, tally);
      test(
        "what the probe took away is not offered, and says so",
        counted(tally, "passed", () => expectNarrowed(ready(), options.platform)),
      );
    });
  }
}

/** Cases by how they ended, over all ways; operations nobody declared are answered as such. */
type Tally = Record<"passed" | "failed" | "skipped" | "undeclared", number>;

/** `run` answers why it cannot be tried here, or nothing. */
function counted(tally: Tally, as: "passed" | "undeclared", run: () => Promise<string | void>) {
  return async (context: TestContext): Promise<void> => {
    let reason: string | void;
    try {
      reason = await run();
    } catch (error) {
      tally.failed += 1;
      throw error;
    }
    tally[typeof reason === "string" ? "skipped" : as] += 1;
    if (typeof reason === "string") context.skip(reason);
  };
}

const nounOf = (operation: string): string => operation.split(".")[0] ?? "";

function nouns(platform: AnyPlatform): string[] {
  const all = [...cases.map(({ operation }) => operation), ...Object.keys(ceilingOf(platform))];
  const common = new Set(Object.keys(operations).map(nounOf));
  return [...new Set(all.map(nounOf))].filter((noun) => common.has(noun));
}

function ceilingOf(platform: AnyPlatform): Readonly<Record<string, Capability>> {
  return platform.capabilities as Readonly<Record<string, Capability>>;
}

function describeNoun(noun: string, platform: AnyPlatform, ready: () => Scene, tally: Tally): void {
  describe(noun, () => {
    for (const one of cases.filter(({ operation }) => nounOf(operation) === noun)) {
      if (!isDeclared(platform, one.operation)) continue;
      const run = async (): Promise<string | void> => {
        const scene = ready();
        const reason = await whySkip(scene.world, one);
        return reason ?? (await one.run(scene));
      };
      test(`${one.operation} ${one.name}`, counted(tally, "passed", run));
    }
    const undeclared = Object.values(operations).filter(
      ({ name, run }) => run === "platform" && nounOf(name) === noun && !isDeclared(platform, name),
    );
    for (const operation of undeclared) {
      const run = (): Promise<void> => expectUnsupported(ready(), operation);
      test(`${operation.name} is not offered, and says so`, counted(tally, "undeclared", run));
    }
  });
}

/** What the probe took away of what the platform declares. */
async function expectNarrowed(scene: Scene, platform: AnyPlatform): Promise<void> {
  const offered = Object.values(operations).filter(({ name, run }) => run === "platform" && isDeclared(platform, name));
  for (const operation of offered) {
    const { support } = await scene.world.capability(operation.name);
    if (support === "none") await expectUnsupported(scene, operation);
  }
}

/** Operations of the core itself are everywhere. */
function isDeclared(platform: AnyPlatform, name: string): boolean {
  if (operations[name]?.run !== "platform") return true;
  const capability = ceilingOf(platform)[name];
  return capability !== undefined && capability.support !== "none";
}

async function whySkip(world: World, { operation, also = [], needs = [] }: Case): Promise<string | null> {
  for (const name of [operation, ...also]) {
    if (operations[name]?.run !== "platform") continue;
    const { support, detail } = await world.capability(name);
    if (support === "none") return `${name} is not offered here: ${detail ?? "no reason given"}`;
  }
  const missing = needs.filter((need) => !world.drive[need]);
  return missing.length > 0 ? `the place cannot play ${missing.join(", ")}` : null;
}

/** Valid input for any operation, so that only the capability can refuse it. */
function sampleInput({ world, bot, room }: Scene, operation: AnyOperation): Record<string, unknown> {
  const named: Readonly<Record<string, unknown>> = { bot, room, as: bot, handle: "never-made", emoji: "👍" };
  const fields = world.runtime.descriptors.get(operation.name)?.fields ?? [];
  const needed = fields.filter(({ name, required }) => required && name !== "connection");
  return Object.fromEntries(
    needed.map((field) => {
      if (field.in === "bytes") return [field.name, { body: streamOf(Uint8Array.of(1)), type: "image/png", size: 1 }];
      return [field.name, named[field.name] ?? sampleOf(field.schema)];
    }),
  );
}

function sampleOf(schema: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  const samples: Readonly<Record<string, unknown>> = { number: 1, integer: 1, boolean: true, array: [], object: {} };
  return samples[String(schema["type"])] ?? "nobody-1";
}

async function expectUnsupported(scene: Scene, operation: AnyOperation): Promise<void> {
  const { world } = scene;
  const view = await world.capability(operation.name);
  expect(view.support).toBe("none");
  expect(view.detail ?? "", "a sentence that says why").toMatch(/\S.*\.$/s);
  // a list of ours answers for managed bots even where the server lists none
  if (operation.name === "bots.list" || operation.name === "bots.get") return;
  const refusal = await world.refused("unsupported", operation.name, sampleInput(scene, operation));
  expect(refusal.effect).toBe("none");
  expect(refusal.message).toContain(view.detail ?? "");
}
