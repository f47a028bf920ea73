import {
  type Acting,
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
import { within } from "./within.ts";

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

const mostTries = 5;

type Run = (input: unknown, call: Call) => Promise<unknown>;
type Prepared = {
  readonly prepare: (input: unknown, call: Call) => Promise<void>;
  readonly ready?: (input: unknown, as: Acting | null) => boolean | Promise<boolean>;
  readonly run: Run;
};
type Declared = Readonly<Record<string, Run | Prepared | undefined>>;

/** Everything that is not proven harmless counts as unknown; a read has no effect to be unknown of. */
function asFailure(error: unknown, operation: AnyOperation, whenUnsure: Outcome): BotyardError {
  const effect = operation.effect === "read" ? "none" : isBotyardError(error) ? error.effect : whenUnsure;
  if (isBotyardError(error))
    return error.effect === effect ? error : new BotyardError(error.code, error.message, { ...error.details, effect });
  return new BotyardError("plugin_failed", `the plugin failed in ${operation.name}`, { effect, cause: error });
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

/** The input as the handler gets it: the room by its id. */
function inputFor({ input, target }: Pick<Performance, "input" | "target">): Readonly<Record<string, unknown>> {
  return target.room === null ? input : { ...input, room: target.room };
}

/** Whether the attempt can follow at once, with nothing of the handler's to be done before it. */
export async function isReady(
  core: Core,
  parts: Pick<Performance, "operation" | "target" | "input">,
): Promise<boolean> {
  const session = core.supervisor.live(parts.target.connection.id)?.session as
    | { operations: Declared }
    | null
    | undefined;
  const handler = session?.operations[parts.operation.name];
  if (typeof handler === "function") return true;
  try {
    return (await handler?.ready?.(inputFor(parts), parts.target.as)) === true;
  } catch {
    return false;
  }
}

/** One platform operation through its handler: support, open steps, preparations, attempts, answer. */
export async function perform(parts: Performance): Promise<unknown> {
  const { core, operation, target, capability, row } = parts;
  const { live, session } = await core.supervisor.session(target.connection.id);
  const { title } = live.platform;
  checkSupport(title, capability);
  checkFields(operation, title, capability, parts.input);
  core.supervisor.steps.check(target.connection.id, target.bot?.handle ?? target.as?.handle ?? null, operation.name);
  const declared = (session as AnySession & { operations: Declared }).operations[operation.name];
  if (!declared)
    throw new BotyardError("plugin_failed", `the plugin declares ${operation.name} but has no handler for it`);
  const handler: Partial<Prepared> & Pick<Prepared, "run"> =
    typeof declared === "function" ? { run: declared } : declared;
  const input = inputFor(parts);
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
      if (prepare && attempt === before + 1 && !begun)
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
