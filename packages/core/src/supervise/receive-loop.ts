import {
  BotyardError,
  type Gap,
  isBotyardError,
  type Proof,
  type Receive,
  type Resumed,
  type RunCall,
} from "@botyard/sdk";
import { lineOf } from "../channel/lost.ts";
import type { Core } from "../core.ts";
import { markCaller } from "../limits/caller.ts";
import { toTarget } from "../registry/registry.ts";
import type { Gaps } from "./gaps.ts";
import { createLastHeard, type LastHeard } from "./last-heard.ts";
import { type Live, stateOf } from "./live.ts";

interface LoopParts {
  readonly core: Pick<Core, "registry" | "store" | "clock" | "logger" | "now">;
  readonly gaps: Gaps;
  readonly live: Live;
  readonly receive: Receive;
  /** Handle, where one run serves one bot. */
  readonly bot?: string | undefined;
  readonly signal: AbortSignal;
  /** Told when the way is proven or lost. */
  readonly changed: () => void;
}

const firstRetryMs = 500;
const longestRetryMs = 60_000;
const endWithinMs = 5_000;

async function fill(parts: LoopParts, last: LastHeard, signal: AbortSignal, resumed: Resumed): Promise<void> {
  const { gaps, live, receive, core } = parts;
  const gap = gaps.current(live.id, parts.bot);
  if (!gap) return;
  // One that has an end was left open by a start that could prove nothing, before its history was read: that a later start
  // resumed proves what came after it only.
  if (resumed.from !== "unknown" && gap.to === null) {
    await gaps.settle(await endNow(gaps, last, gap), [{ outcome: "filled", messages: 0 }]);
    return;
  }
  if (!receive.backfill) {
    await gaps.settle(gap, [{ outcome: "lost", messages: 0, reason: "this platform shows a bot no history" }]);
    return;
  }
  try {
    await gaps.settle(gap, await receive.backfill(gap, signal));
  } catch (error) {
    if (signal.aborted) return;
    core.logger.warn("backfill failed", { connection: live.id, gap: gap.id, error });
    await gaps.settle(gap, [
      { outcome: "lost", messages: 0, reason: isBotyardError(error) ? error.message : "reading the history failed" },
    ]);
  }
}

/** Rejects when the way is not proven in time. */
async function keepProving(parts: LoopParts, call: RunCall, proved: (proof: Proof | void) => void): Promise<never> {
  const { prove } = parts.receive;
  if (!prove) return new Promise<never>(() => {});
  for (;;) {
    await parts.core.clock.sleep(prove.everyMs, call.signal);
    const late = new AbortController();
    const limit = parts.core.clock.sleep(prove.timeoutMs, late.signal).then(
      () => {
        throw new BotyardError("timeout", `the connection is open but nothing came back for ${prove.timeoutMs} ms`);
      },
      () => new Promise<never>(() => {}),
    );
    try {
      proved(await Promise.race([prove.check(call), limit]));
    } finally {
      late.abort();
    }
  }
}

/** One stretch of receiving; returns the error that ended it, or null when it was told to end. */
async function once(parts: LoopParts, last: LastHeard, onStarted: () => void): Promise<unknown> {
  const { core, live, receive, signal, bot } = parts;
  if (signal.aborted) return null;
  const stop = new AbortController();
  const over = new AbortController();
  const end = (): void => stop.abort(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  let started = false;
  let filling: Promise<void> = Promise.resolve();
  let giveUp: (error: unknown) => void = () => {};
  const unrecorded = new Promise<never>((_, reject) => (giveUp = reject));
  unrecorded.catch(() => {});

  const proved = (proof: Proof | void): void => {
    last.heard(proof?.until);
    live.provenAliveAt = core.now();
  };
  const call: RunCall = {
    ...(bot === undefined ? {} : { bot: toTarget(core.registry.bot(live.id, bot)) }),
    // Requests of a run take turns under its bot's name.
    signal: markCaller(stop.signal, { as: bot ?? null, deadline: null }),
    started(resumed) {
      if (started) return;
      started = true;
      onStarted();
      live.receiving.delete(bot ?? "");
      parts.changed();
      const recorded = openMissed(parts, last, resumed);
      // Nothing of this start is stored before what may be missing is: else a crash would leave no trace of it.
      holdBack(live, recorded);
      filling = recorded
        .then(() => {
          // Where nothing can be proven, that we listen says nothing of the way to us.
          if (receive.prove) proved();
          else {
            last.listening = !stop.signal.aborted;
            last.heard();
          }
          return fill(parts, last, stop.signal, resumed);
        })
        .catch((error: unknown) => {
          core.logger.error("the gap could not be recorded", { connection: live.id, error });
          giveUp(error);
        });
    },
  };
  let failure: unknown = null;
  try {
    const run = receive.run ? receive.run(call) : pushed(parts, call);
    await Promise.race([
      run,
      keepProving(parts, call, proved),
      leftBehind(parts, stop.signal, over.signal),
      unrecorded,
    ]);
    failure = signal.aborted ? null : new BotyardError("unreachable", "the server closed the connection");
  } catch (error) {
    failure = signal.aborted ? null : error;
  } finally {
    over.abort();
    stop.abort();
    signal.removeEventListener("abort", end);
    last.listening = false;
    await filling;
  }
  // Only a stretch that did receive can have lost something; an open gap goes on by itself.
  if (failure !== null && started) await openGap(parts, last, sentence(failure));
  return failure;
}

/** Intakes of the connection wait for this; where it fails they fail, too. */
function holdBack(live: Live, recorded: Promise<void>): void {
  const held = Promise.all([live.recording ?? Promise.resolve(), recorded]).then(() => {});
  live.recording = held;
  const free = (): void => {
    if (live.recording === held) live.recording = null;
  };
  held.then(free, free);
}

/** A run that does not end when told to is left behind: closing must not hang on a plugin. */
async function leftBehind(parts: LoopParts, told: AbortSignal, over: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => told.addEventListener("abort", () => resolve(), { once: true }));
  await parts.core.clock.sleep(endWithinMs, over).catch(() => {});
}

/** Nothing to run: the server calls us, and repeats what was not acknowledged unless nothing can be proven. */
async function pushed(parts: LoopParts, call: RunCall): Promise<void> {
  const line = lineOf(parts.receive);
  if (line?.down) throw line.down;
  call.started({ from: parts.live.probe?.continuity === "unprovable" ? "unknown" : "resumed" });
  const ended = new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve(), { once: true }));
  await (line ? Promise.race([ended, line.broken]) : ended);
}

async function openMissed(parts: LoopParts, last: LastHeard, resumed: Resumed): Promise<void> {
  if (resumed.from !== "unknown" || !last.ever) return;
  await endNow(parts.gaps, last, await openGap(parts, last, "Botyard was not receiving"));
}

/** The one that is open already, or a new one from the last proof on. */
async function openGap({ gaps, live, bot }: LoopParts, last: LastHeard, cause: string): Promise<Gap> {
  await last.noteAhead();
  const bots = bot ? { bots: [bot] } : {};
  return gaps.current(live.id, bot) ?? gaps.open({ connection: live.id, ...bots, from: last.gapFrom(), cause });
}

const endNow = (gaps: Gaps, last: LastHeard, gap: Gap): Promise<Gap> =>
  last.takeAhead((ahead) => gaps.end(gap, { from: last.gapFrom(), ahead }));

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Receives until the signal aborts: again after each loss, slower each time; a refused credential stops it. */
export async function receiveLoop(parts: LoopParts): Promise<void> {
  const over = new AbortController();
  try {
    await receiveAgain(parts, AbortSignal.any([parts.signal, over.signal]));
  } finally {
    over.abort();
  }
}

async function receiveAgain(parts: LoopParts, running: AbortSignal): Promise<void> {
  const { core, live, signal } = parts;
  const key = parts.bot ?? "";
  let failures = 0;
  let last: LastHeard | undefined;
  const again = async (): Promise<unknown> => {
    last ??= await createLastHeard(core, { connection: live.id, bot: parts.bot, signal: running });
    return once(parts, last, () => (failures = 0));
  };
  while (!signal.aborted) {
    const error = await again().catch((failure: unknown) => failure);
    if (signal.aborted || error === null) return;
    const refused = isBotyardError(error) && error.code === "unauthenticated";
    const reason = sentence(error);
    const remedy = isBotyardError(error) ? error.details.fix : undefined;
    live.receiving.set(key, stateOf(refused ? "auth_required" : "degraded", core.now(), reason, remedy));
    parts.changed();
    core.logger.warn("receiving stopped", { connection: live.id, bot: parts.bot, reason });
    // One refused credential is one refused call: the loop starts again when the credential changes.
    if (refused) return;
    const wait = Math.min(longestRetryMs, firstRetryMs * 2 ** failures);
    failures += 1;
    await core.clock.sleep(Math.round(wait / 2 + Math.random() * (wait / 2)), signal).catch(() => {});
  }
}
