import * as api from "./api.ts";
import { anybody, type State } from "./state.ts";
import { numberOf, objectOf } from "./wire.ts";

/** The sleep that `bruteforce.delay` of the capabilities names, in milliseconds. */
export const delayOf = (bruteforce: unknown): number => numberOf(objectOf(bruteforce)["delay"]);

/** Asks, without a login and so without risk, how long the server lets calls from this address sleep; remembered. */
export async function readThrottle(state: State, signal: AbortSignal): Promise<number> {
  const { capabilities } = await api.capabilities(anybody(state, signal));
  const delay = delayOf(capabilities["bruteforce"]);
  state.stop.sawThrottle(delay);
  return delay;
}
