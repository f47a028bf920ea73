import type { Steps } from "./steps.ts";

/** One run against one real server, found by its name on the command line. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Why it cannot run on this machine, or `undefined` where it can. */
  missing(): string | undefined;
  run(stage: Stage): Promise<void>;
}

/** What a scenario is given. */
export interface Stage {
  readonly steps: Steps;
  /** A temporary folder of this run alone; kept when the run fails. */
  readonly directory: string;
}
