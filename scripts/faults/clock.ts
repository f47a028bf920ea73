import type { Clock } from "../../packages/sdk/src/index.ts";
import { createFakeClock } from "../../packages/core/src/limits/fake-clock.ts";

/** Time that only moves when told to, with a wall clock that somebody sets forward and back. */
export interface JumpingClock extends Clock {
  advance(ms: number): Promise<void>;
  /** The wall clock alone: nobody slept. */
  jump(ms: number): void;
}

export function createJumpingClock(): JumpingClock {
  const clock = createFakeClock(Date.UTC(2026, 10, 20, 8));
  let offset = 0;
  return {
    now: () => clock.now() + offset,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    advance: (ms) => clock.advance(ms),
    jump: (ms) => void (offset += ms),
  };
}
