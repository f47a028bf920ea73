import {
  type AnyOperation,
  BotyardError,
  isBytesOutput,
  isStreamOutput,
  metaOf,
  type ObjectSchema,
} from "@botyard/sdk";
import { ulid } from "ulid";
import type { GenericSchema } from "valibot";
import { allowsOperation, refuse } from "../access/grants.ts";
import type { Core } from "../core.ts";
import type { InvokeOptions, InvokeResult } from "../runtime-types.ts";
import type { EffectRow } from "../store/types.ts";
import { suggest } from "../config/suggest.ts";
import type { Audit } from "./audit.ts";
import { checkOptions, checkSupport } from "./check-capability.ts";
import type { AnyCoreHandler, CallContext, Reply, Target } from "./context.ts";
import {
  beginEffect,
  digestOf,
  idempotencyOf,
  keepUnknown,
  mapError,
  settleDone,
  settleFailed,
  unknownError,
  withOperation,
} from "./ledger.ts";
import { checkMassMentions } from "./mentions.ts";
import { perform } from "./perform.ts";
import { placeOf } from "./place.ts";
import type { CallQueue } from "./queue.ts";
import { resolveTarget } from "./resolve.ts";
import { parseAnswer, parseInput } from "./validate.ts";

const defaultDeadlineMs = 30_000;
/** Of calls whose caller does not wait: they may stand behind many others. */
const queuedDeadlineMs = 600_000;
/** Bytes of any size take as long as they take. */
const bytesDeadlineMs = 3_600_000;

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

const takesBytes = (operation: AnyOperation): boolean =>
  Object.values((operation.input as ObjectSchema).entries).some((entry) => metaOf(entry).bytes);

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

/** The one path of every call. @see Runtime.invoke */
export function createInvoke(core: Core, parts: InvokeParts) {
  return async function invoke(
    name: string,
    raw: Readonly<Record<string, unknown>>,
    options: InvokeOptions & { readonly granted?: true },
  ): Promise<InvokeResult> {
    const { principal, request } = options;
    const operation = core.table.operations.get(name);
    if (!operation) {
      const near = suggest(name, [...core.table.operations.keys()]);
      throw new BotyardError("not_found", `there is no operation "${name}"${near ? `; did you mean ${near}?` : ""}`);
    }
    let target: Target | null = null;
    const audit = (answer: string): void =>
      parts.audit.add({
        time: core.now(),
        request,
        key: principal.name,
        operation: name,
        ...placeOf(operation, raw, target),
        answer,
      });

    try {
      if (!options.granted) {
        // Whoever holds a key may ask what it is for.
        if (name !== "keys.whoami" && !allowsOperation(principal.grant, name, operation.effect))
          throw refuse(principal, name);
        core.keys.count(principal);
      }
      const parsed = parseInput(operation.input as GenericSchema, raw, name);
      target = await resolveTarget(core, operation, principal, parsed);
      const platform = target ? core.platforms.get(target.connection.platform) : undefined;
      const input = operation.run === "platform" && platform ? checkOptions(operation, platform, parsed) : parsed;
      if (platform && target) checkMassMentions(principal, platform, operation.name, input, target.connection.id);
      const result = await run(operation, input, target, options);
      audit("ok");
      return result;
    } catch (error) {
      const mapped = mapError(core, error, request);
      audit(mapped.code);
      throw mapped;
    }
  };

  async function run(
    operation: AnyOperation,
    input: Record<string, unknown>,
    target: Target | null,
    options: InvokeOptions,
  ): Promise<InvokeResult> {
    const capability =
      target && operation.run === "platform" ? core.supervisor.capability(target.connection.id, operation.name) : null;
    // Before the ledger: what cannot be done here leaves no row. Reads may still be answered from what is known.
    if (target && capability && operation.effect !== "read")
      checkSupport(core.platforms.get(target.connection.platform)?.title ?? target.connection.platform, capability);
    const idempotency = idempotencyOf(capability, operation.effect);
    const key = options.idempotencyKey ?? null;
    // A change of our own records is one transaction already; it needs a row only to be repeatable by key.
    const delegates = operation.name === "messages.reply";
    const keeps = operation.effect !== "read" && !delegates && (operation.run === "platform" || key !== null);
    const deadline =
      core.clock.now() +
      (options.deadlineMs ??
        (takesBytes(operation) || isBytesOutput(operation.output)
          ? bytesDeadlineMs
          : options.wait === false
            ? queuedDeadlineMs
            : defaultDeadlineMs));
    if (options.wait === false && (!keeps || !target || takesBytes(operation)))
      throw new BotyardError(
        "unsupported_param",
        `${operation.name} cannot be queued; leave "wait" out. Nothing was done`,
        { issues: [{ path: "wait", expected: "left out here" }] },
      );
    let row: EffectRow | null = null;
    if (keeps) {
      const begun = await beginEffect(core, {
        operation: operation.name,
        connection: target?.connection.id ?? null,
        bot: target?.bot?.handle ?? target?.as?.handle ?? null,
        room: target?.room ?? null,
        as: target?.as
          ? { kind: target.as.kind, id: target.as.id, ...(target.as.handle ? { handle: target.as.handle } : {}) }
          : null,
        scope: options.principal.keyId,
        request: options.request,
        idempotencyKey: key,
        digest: digestOf(operation.name, input),
        secretOutput: operation.secretOutput ?? false,
        idempotency,
      });
      if (begun.kind === "replay") return { value: begun.value, ...begun.reply };
      row = begun.row;
    }
    const signals = [
      parts.closing,
      ...(followsCaller(operation, input) && options.signal ? [options.signal(), options.principal.signal] : []),
    ];
    const signal = signals.length === 1 ? parts.closing : AbortSignal.any(signals);
    const reply: Reply = { status: 200, replayed: false };
    const effectId = row?.effectId ?? ulid();
    const call: CallContext = {
      core,
      operation,
      principal: options.principal,
      request: options.request,
      idempotencyKey: key,
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
          ...(operation.effect === "send" ? { queued: options.principal.signal } : {}),
        });
      },
    };
    const over = row && core.keys.activity.sending(options.principal.keyId, row.id);
    const waits = followsCaller(operation, input);
    const ended =
      waits && !isStreamOutput(operation.output) ? core.keys.activity.reading(options.principal.keyId) : null;
    if (options.wait === false && row && target) {
      const queued = row;
      const place = { connection: target.connection.id, actor: target.as?.id ?? "", room: target.room ?? "" };
      try {
        parts.queue.add(place, () =>
          finish().then(
            () => parts.ended(queued.id),
            () => parts.ended(queued.id),
          ),
        );
      } catch (error) {
        await settleFailed(core, queued, mapError(core, error, options.request));
        over?.(false);
        throw error;
      }
      return {
        value: { operation: queued.id, state: "accepted" },
        status: 202,
        location: `/v1/ledger/${queued.id}`,
        replayed: false,
      };
    }
    return finish();

    async function finish(): Promise<InvokeResult> {
      let takenBack = false;
      try {
        const result = await execute(operation, input, call);
        const value =
          isStreamOutput(operation.output) && waits
            ? counted(result as AsyncIterable<unknown>, () => core.keys.activity.reading(options.principal.keyId))
            : result;
        const kept = { value, status: reply.status, ...(reply.location ? { location: reply.location } : {}) };
        if (row) await settleDone(core, row, kept, operation.secretOutput ?? false);
        return { ...kept, replayed: reply.replayed };
      } catch (error) {
        if (!row) throw error;
        const failure = withOperation(
          keepUnknown(mapError(core, error, options.request), row.state === "unknown"),
          row.id,
        );
        takenBack = failure.code === "cancelled" && failure.effect === "none";
        await settleFailed(core, row, failure);
        throw failure.effect === "unknown" && failure.code === "timeout"
          ? unknownError(row.id, failure.message.split(";")[0] ?? "no answer")
          : failure;
      } finally {
        ended?.();
        over?.(takenBack);
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
    return parseAnswer(operation.output as GenericSchema, value, operation.name, operation.effect !== "read");
  }
}
