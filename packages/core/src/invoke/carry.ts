import {
  type AnyOperation,
  BotyardError,
  type Capability,
  type Idempotency,
  isBytesOutput,
  isStreamOutput,
} from "@botyard/sdk";
import type { GenericSchema } from "valibot";
import type { Core } from "../core.ts";
import type { InvokeResult, Principal } from "../runtime-types.ts";
import type { EffectRow } from "../store/types.ts";
import { ulid } from "../ulid.ts";
import type { Audit } from "./audit.ts";
import type { AnyCoreHandler, CallContext, Reply, Target } from "./context.ts";
import { keepUnknown, mapError, settleDone, settleFailed, unknownError, withOperation } from "./ledger.ts";
import { perform } from "./perform.ts";
import type { CallQueue } from "./queue.ts";
import { parseAnswer } from "./validate.ts";

export interface InvokeParts {
  readonly handlers: ReadonlyMap<string, AnyCoreHandler>;
  readonly audit: Audit;
  /** Aborted when the runtime closes. */
  readonly closing: AbortSignal;
  /** For calls whose caller does not wait. */
  readonly queue: CallQueue;
  /** Told when a queued call has ended, however. */
  readonly ended: (operation: string) => void;
}

/** A call that was checked and has its row, where it gets one. */
export interface Way {
  readonly operation: AnyOperation;
  readonly input: Readonly<Record<string, unknown>>;
  readonly target: Target | null;
  readonly capability: Capability | null;
  readonly idempotency: Idempotency;
  /** Unix milliseconds. */
  readonly deadline: number;
  readonly row: EffectRow | null;
  readonly principal: Principal;
  readonly request: string;
  readonly idempotencyKey: string | null;
  readonly wait?: false;
  readonly signal?: () => AbortSignal;
}

/** A call on its way: `finish` does it and settles its row; `dropped` says that it will not be done. */
export interface Carried {
  finish(): Promise<InvokeResult>;
  dropped(): void;
}
export type Carry = (way: Way) => Carried;

/** Calls that wait for events or stream follow their caller; effects never stop half-way because a caller went away. */
function followsCaller(operation: AnyOperation, input: Readonly<Record<string, unknown>>): boolean {
  return (
    operation.effect === "read" &&
    (isStreamOutput(operation.output) || isBytesOutput(operation.output) || input["waitMs"] !== undefined)
  );
}

/** Counts a stream as open from its first read to its end. */
async function* counted(items: AsyncIterable<unknown>, begin: () => () => void): AsyncGenerator<unknown, void> {
  const end = begin();
  try {
    yield* items;
  } finally {
    end();
  }
}

const settleAgainMs = 5_000;

function doneError(error: BotyardError): BotyardError {
  return new BotyardError(error.code, `it was done, but that could not be written down: ${error.message}`, {
    ...error.details,
    effect: "applied",
  });
}

/** The second half of every call: the handler, and what becomes of its row. */
export function createCarry(core: Core, parts: Pick<InvokeParts, "handlers" | "closing">): Carry {
  return carry;

  function carry(way: Way): Carried {
    const { operation, input, target, capability, idempotency, deadline, row } = way;
    const signals = [
      parts.closing,
      ...(followsCaller(operation, input) && way.signal ? [way.signal(), way.principal.signal] : []),
    ];
    const signal = signals.length === 1 ? parts.closing : AbortSignal.any(signals);
    const reply: Reply = { status: 200, replayed: false };
    const effectId = row?.effectId ?? ulid();
    const call: CallContext = {
      core,
      operation,
      principal: way.principal,
      request: way.request,
      idempotencyKey: way.idempotencyKey,
      ...(way.wait === false ? { wait: way.wait } : {}),
      deadline,
      signal,
      effectId,
      target,
      reply,
      row,
      perform(changed) {
        if (!target || !capability)
          throw new BotyardError("invalid", `${operation.name} needs one connection`, {
            issues: [{ path: "connection", expected: "a connection's id" }],
          });
        return perform({
          core,
          operation,
          target,
          input: changed ?? input,
          row,
          effectId,
          idempotency,
          capability,
          deadline,
          signal,
          ...(operation.effect === "send" ? { queued: way.principal.signal } : {}),
        });
      },
    };
    const over = row && core.keys.activity.sending(way.principal.keyId, row.id);
    const waits = followsCaller(operation, input);
    const ended = waits && !isStreamOutput(operation.output) ? core.keys.activity.reading(way.principal.keyId) : null;
    return { finish, dropped: () => over?.(false) };

    async function finish(): Promise<InvokeResult> {
      let takenBack = false;
      let isDone = false;
      try {
        const result = await execute(operation, input, call);
        const value =
          isStreamOutput(operation.output) && waits
            ? counted(result as AsyncIterable<unknown>, () => core.keys.activity.reading(way.principal.keyId))
            : result;
        const kept = { value, status: reply.status, ...(reply.location ? { location: reply.location } : {}) };
        isDone = true;
        if (row) await written(row, () => settleDone(core, row, kept, operation));
        return { ...kept, replayed: reply.replayed };
      } catch (error) {
        if (!row) throw error;
        // What was done and could not be written down is not undone by that.
        if (isDone) throw withOperation(doneError(mapError(core, error, way.request)), row.id);
        const failure = withOperation(keepUnknown(mapError(core, error, way.request), row.state === "unknown"), row.id);
        takenBack = failure.code === "cancelled" && failure.effect === "none";
        // Nothing of it had left when the service was stopped: the next one does it.
        if (takenBack && parts.closing.aborted && row.call?.why === "queue")
          await core.store.updateEffect(row.id, { state: "accepted", effect: "none", updatedAt: core.now() });
        else await written(row, () => settleFailed(core, row, failure)).catch(() => {});
        throw failure.effect === "unknown" && failure.code === "timeout"
          ? unknownError(row.id, failure.message.split(";")[0] ?? "no answer")
          : failure;
      } finally {
        ended?.();
        over?.(takenBack);
      }
    }
  }

  /** A row's end that the disk refuses is written as soon as it can be; who waits hears of it at once. */
  async function written(row: EffectRow, settle: () => Promise<void>): Promise<void> {
    try {
      await settle();
    } catch (error) {
      core.logger.error("how a call ended cannot be stored; it is tried again", { effect: row.id, error });
      void later(row, settle);
      throw error;
    }
  }

  async function later(row: EffectRow, settle: () => Promise<void>): Promise<void> {
    for (;;) {
      await core.clock.sleep(settleAgainMs, parts.closing).catch(() => {});
      if (parts.closing.aborted) return;
      try {
        await settle();
        return core.logger.info("how a call ended is stored now", { effect: row.id });
      } catch {
        // Said before; the next try tells.
      }
    }
  }

  async function execute(operation: AnyOperation, input: Record<string, unknown>, call: CallContext): Promise<unknown> {
    const handler = parts.handlers.get(operation.name);
    if (operation.run === "tool") {
      const platform = [...core.platforms.values()].find(
        (candidate) => candidate.namespace === operation.name.split(".")[0],
      );
      const tool = (platform?.tools as Readonly<Record<string, (input: unknown) => Promise<unknown>>> | undefined)?.[
        operation.name
      ];
      if (!tool) throw new BotyardError("unsupported", `${operation.name} has no implementation in this binary`);
      return parseAnswer(operation.output as GenericSchema, await tool(input), operation.name, false);
    }
    const value = handler ? await handler(input, call) : await call.perform();
    if (isBytesOutput(operation.output) || isStreamOutput(operation.output)) return value;
    // Of a call that was put into the queue there is a row, and no answer yet.
    if (call.wait === false && call.row === null) return value;
    return parseAnswer(operation.output as GenericSchema, value, operation.name, operation.effect !== "read");
  }
}
