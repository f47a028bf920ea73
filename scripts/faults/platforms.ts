import type { AnyPlatform, Clock } from "../../packages/sdk/src/index.ts";
import type { Place } from "../../packages/testing/src/index.ts";
import matrix from "../../plugins/matrix-appservice/src/index.ts";
import { matrixPlace } from "../../plugins/matrix-appservice/test/place.ts";
import mattermost from "../../plugins/mattermost/src/index.ts";
import { mattermostPlace } from "../../plugins/mattermost/test/place.ts";
import sandbox from "../../plugins/sandbox/src/index.ts";
import { sandboxPlace } from "../../plugins/sandbox/test/place.ts";
import stoat from "../../plugins/stoat/src/index.ts";
import { stoatPlace } from "../../plugins/stoat/test/place.ts";
import talk from "../../plugins/talk/src/index.ts";
import { talkPlace } from "../../plugins/talk/test/place.ts";
import { runPlatformWorld } from "./platform-world.ts";
import { createRandom } from "./random.ts";
import type { LayerReport } from "./report.ts";

export interface Subject {
  readonly name: string;
  readonly platform: AnyPlatform;
  place(clock: Clock): Place | Promise<Place>;
}

const subjects: readonly Subject[] = [
  { name: "mattermost", platform: mattermost, place: ({ now }) => mattermostPlace({ now }) },
  { name: "talk", platform: talk, place: ({ now }) => talkPlace({ now }) },
  { name: "stoat", platform: stoat, place: ({ now }) => stoatPlace({ now }) },
  { name: "matrix", platform: matrix, place: (clock) => matrixPlace({ clock }) },
  {
    name: "sandbox operator-install",
    platform: sandbox,
    place: () => sandboxPlace({ profiles: ["operator-install"], server: `faults-${crypto.randomUUID()}` }),
  },
];

/** Worlds of some cycles each (default 25) over the simulators of all platforms in turn. */
export async function runPlatforms(options: {
  readonly cycles: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
  readonly untilMs?: number;
  readonly perWorld?: number;
  /** Name of one; default: all in turn. */
  readonly only?: string;
}): Promise<LayerReport> {
  const { seed, tell = () => {}, perWorld = 25, only } = options;
  const random = createRandom(seed);
  const counts: Record<string, number> = {};
  const count = (name: string, n = 1): void => void (counts[name] = (counts[name] ?? 0) + n);
  const chosen = subjects.filter(({ name }) => only === undefined || name === only);
  const problems: string[] = [];
  const startedAt = Date.now();
  let done = 0;
  for (let world = 0; done < options.cycles && Date.now() - startedAt < (options.untilMs ?? Infinity); world += 1) {
    const subject = chosen[world % chosen.length];
    if (!subject)
      throw new Error(`there is no platform "${only}"; known: ${subjects.map(({ name }) => name).join(", ")}`);
    const some = Math.min(perWorld, options.cycles - done);
    const found = await runPlatformWorld(subject, random.fork(), some, count);
    problems.push(...found.map((text) => `world ${world}: ${text}`));
    for (const text of found) tell(`world ${world}: ${text}`);
    done += some;
    count(`cycles of ${subject.name}`, some);
    if (world % 10 === 9) tell(`platform cycle ${done}: ${problems.length} broken promises`);
  }
  return { layer: "platforms", seed, cycles: done, problems, counts };
}
