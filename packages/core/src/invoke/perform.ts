import {
  type AnyOperation,
  type AnySession,
  BotyardError,
  type Call,
  type Capability,
  type Idempotency,
  isBotyardError,
  isBytesOutput,
  isStreamOutput,
  type Outcome,
} from "@botyard/sdk";
import type { GenericSchema } from "valibot";
import type { Core } from "../core.ts";
import { joinSignals, markCaller, takenBackError } from "../limits/caller.ts";
import { toTarget } from "../registry/registry.ts";
import type { EffectRow } from "../store/types.ts";
import { blame } from "./blame.ts";
import { checkFields, checkSupport } from "./check-capability.ts";
import type { Target } from "./context.ts";
import { keepUnknown, mayRepeat } from "./ledger.ts";
import { parseAnswer } from "./validate.ts";

interface Performance {
  readonly core: Core;
  readonly operation: AnyOperation;
  readonly target: Target;
  readonly input: Readonly<Record<string, unknown>>;
  /** Absent for reads. */
  readonly row: EffectRow | null;
  readonly effectId: string;
  readonly idempotency: Idempotency;
  readonly capability: Capability;
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Aborted when the caller's key ends: nothing more is begun then. */
  readonly queued?: AbortSignal;
}

/** What a plugin's own answer may take after the deadline before its effect counts as unknown. */
const graceMs = 250;
const mostTries = 5;

type Run = (input: unknown, call: Call) => Promise<unknown>;
type Prepared = { readonly prepare: (input: unknown, call: Call) => Promise<void>; readonly run: Run };

/** Everything that is not proven harmless counts as unknown; a read has no effect to be unknown of. */
function asFailure(error: unknown, operation: AnyOperation, whenUnsure: Outcome): BotyardError {
  const effect = operation.effect === "read" ? "none" : isBotyardError(error) ? error.effect : whenUnsure;
  if (isBotyardError(error))
    return error.effect === effect ? error : new BotyardError(error.code, error.message, { ...error.details, effect });
  return new BotyardError("plugin_failed", `the plugin failed in ${operation.name}`, { effect, cause: error });
}

/** Runs until the deadline; a handler that does not end is left behind and its outcome is unknown. */
async function within<T>(
  core: Core,
  deadline: number,
  signal: AbortSignal,
  operation: AnyOperation,
  started: boolean,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const outer = (): void => stop.abort(signal.reason);
  if (signal.aborted) outer();
  else signal.addEventListener("abort", outer, { once: true });
  const done = new AbortController();
  const running = work(stop.signal);
  const unsure: Outcome = started && operation.effect !== "read" ? "unknown" : "none";
  const guard = (async (): Promise<never> => {
    const left = Math.max(0, deadline - core.clock.now());
    await Promise.race([core.clock.sleep(left, done.signal).catch(() => {}), aborted(stop.signal)]);
    if (done.signal.aborted) return new Promise<never>(() => {});
    const gone = stop.signal.aborted;
    stop.abort(new BotyardError("timeout", "the deadline has passed", { effect: unsure }));
    await core.clock.sleep(graceMs, done.signal).catch(() => {});
    if (done.signal.aborted) return new Promise<never>(() => {});
    throw gone
      ? new BotyardError("cancelled", `${operation.name} was cancelled`, { effect: unsure })
      : new BotyardError(
          "timeout",
          `the server did not answer ${operation.name} in time${unsure === "unknown" ? "; it may have done it" : ""}`,
          { effect: unsure },
        );
  })();
  try {
    return await Promise.race([running, guard]);
  } finally {
    done.abort();
    signal.removeEventListener("abort", outer);
    running.catch(() => {});
    guard.catch(() => {});
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** How long to wait before the next attempt; null: there is none. */
function retryIn(error: BotyardError, parts: Performance, attempt: number, streams: boolean): number | null {
  if (streams || attempt >= mostTries) return null;
  const { core, deadline, idempotency, row } = parts;
  const fits = (ms: number): number | null => (core.clock.now() + ms < deadline ? ms : null);
  const transient = error.code === "rate_limited" || error.code === "unreachable" || error.code === "upstream";
  if (error.effect === "none") {
    if (!transient) return null;
    // The origin is given a rest: what waits for its end would pile up behind it.
    if (error.code === "unreachable" && error.details.retryAfterMs !== undefined) return null;
    if (error.details.retryAfterMs !== undefined) return fits(error.details.retryAfterMs);
    return error.code === "unreachable" && attempt < 3 ? fits(200 * 2 ** attempt) : null;
  }
  const repeatable =
    error.effect === "unknown" &&
    row !== null &&
    idempotency.kind === "replay" &&
    mayRepeat(idempotency, row.createdAt, core.clock.now());
  return repeatable && (transient || error.code === "timeout") ? fits(200 * 2 ** attempt) : null;
}

/** Whether the platform's handler has preparations of its own, during which nothing of the effect has begun. */
export function prepares(core: Core, connection: string, operation: string): boolean {
  const session = core.supervisor.live(connection)?.session as
    | { readonly operations: Readonly<Record<string, unknown>> }
    | null
    | undefined;
  return typeof session?.operations[operation] !== "function";
}

/** One platform operation through its handler: support, open steps, preparations, attempts, answer. */
export async function perform(parts: Performance): Promise<unknown> {
  const { core, operation, target, capability, row } = parts;
  const { live, session } = await core.supervisor.session(target.connection.id);
  const { title } = live.platform;
  checkSupport(title, capability);
  checkFields(operation, title, capability, parts.input);
  core.supervisor.steps.check(target.connection.id, target.bot?.handle ?? target.as?.handle ?? null, operation.name);
  const declared = (session as AnySession & { operations: Record<string, Run | Prepared | undefined> }).operations[
    operation.name
  ];
  if (!declared)
    throw new BotyardError("plugin_failed", `the plugin declares ${operation.name} but has no handler for it`);
  const handler: Partial<Prepared> & Pick<Prepared, "run"> =
    typeof declared === "function" ? { run: declared } : declared;
  const input = target.room === null ? parts.input : { ...parts.input, room: target.room };
  const streams = Object.values(input).some((value) => typeof value === "object" && value !== null && "body" in value);
  const call = (attempt: number, signal: AbortSignal): Call => ({
    bot: target.bot ? toTarget(target.bot) : null,
    as: target.as,
    effectId: parts.effectId,
    attempt,
    deadline: parts.deadline,
    signal: markCaller(signal, {
      as: target.as?.handle ?? target.as?.id ?? null,
      deadline: parts.deadline,
      ...(parts.queued ? { queued: parts.queued } : {}),
    }),
  });

  // Written as attempting from the start where nothing had to be prepared.
  const begun = row?.state === "attempting";
  const before = begun ? 0 : (row?.attempts ?? 0);
  // What an earlier attempt may have done, a later one that fails harmlessly cannot undo.
  let unsure = row?.state === "unknown";
  for (let attempt = before + 1; ; attempt += 1) {
    let started = false;
    try {
      const { prepare } = handler;
      if (prepare && attempt === before + 1)
        await within(core, parts.deadline, parts.signal, operation, false, (signal) =>
          prepare(input, call(attempt, signal)),
        ).catch((error: unknown) => {
          throw new BotyardError(...preparation(error, operation));
        });
      if (parts.queued?.aborted) throw takenBackError();
      if (row && !(begun && attempt === 1))
        await core.store.updateEffect(row.id, { state: "attempting", attempts: attempt, updatedAt: core.now() });
      started = true;
      const answer = await within(core, parts.deadline, parts.signal, operation, true, (signal) =>
        handler.run(input, call(attempt, signal)),
      );
      if (target.as?.handle) core.supervisor.worked(live.id, target.as.handle);
      if (isBytesOutput(operation.output) || isStreamOutput(operation.output)) return answer;
      return parseAnswer(
        (operation.answer ?? operation.output) as GenericSchema,
        answer,
        operation.name,
        operation.effect !== "read",
      );
    } catch (error) {
      const failure = asFailure(error, operation, started ? "unknown" : "none");
      blame(core, live.id, target, failure);
      if (failure.effect === "unknown") unsure = true;
      const wait = started ? retryIn(failure, parts, attempt - before, streams) : null;
      if (wait === null) throw keepUnknown(failure, unsure);
      core.logger.info("trying again", {
        operation: operation.name,
        connection: live.id,
        code: failure.code,
        waitMs: wait,
        effect: row?.id,
      });
      const waiting = joinSignals(parts.signal, parts.queued);
      await core.clock
        .sleep(wait, waiting.signal)
        .catch(() => {
          throw keepUnknown(parts.queued?.aborted ? takenBackError() : failure, unsure);
        })
        .finally(waiting.release);
    }
  }
}

/** Preparations are harmless to repeat: whatever became of them, the effect itself has not begun. */
function preparation(error: unknown, operation: AnyOperation): ConstructorParameters<typeof BotyardError> {
  const failure = asFailure(error, operation, "none");
  return [failure.code, failure.message, { ...failure.details, effect: "none" }];
}
