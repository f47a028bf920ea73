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
import type { LayerReport } from "./report.ts";
import { type LayerOptions, runWorlds } from "./worlds.ts";

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

/** Worlds of some cycles each (default 25) over the simulators of all platforms in turn; `only`: over that one's. */
export function runPlatforms({ only, ...options }: LayerOptions & { readonly only?: string }): Promise<LayerReport> {
  const chosen = subjects.filter(({ name }) => only === undefined || name === only);
  return runWorlds("platforms", options, {
    async run(at, random, cycles, count) {
      const subject = chosen[at % chosen.length];
      if (!subject)
        throw new Error(`there is no platform "${only}"; known: ${subjects.map(({ name }) => name).join(", ")}`);
      const found = await runPlatformWorld(subject, random, cycles, count);
      count(`cycles of ${subject.name}`, cycles);
      return found;
    },
    soFar: (done) => `platform cycle ${done}`,
  });
}
