import { type AnyOperation, BotyardError, isBytesOutput, metaOf, type ObjectSchema } from "@botyard/sdk";
import type { GenericSchema } from "valibot";
import { allowsOperation, refuse } from "../access/grants.ts";
import type { Core } from "../core.ts";
import type { InvokeOptions, InvokeResult } from "../runtime-types.ts";
import type { EffectRow } from "../store/types.ts";
import { suggest } from "../config/suggest.ts";
import { notOpen } from "../supervise/live.ts";
import type { Carry, InvokeParts, Way } from "./carry.ts";
import { checkOptions, checkSupport } from "./check-capability.ts";
import type { Target } from "./context.ts";
import { keepOf, placeInQueue } from "./kept.ts";
import { beginEffect, digestOf, idempotencyOf, mapError, settleFailed } from "./ledger.ts";
import { checkMassMentions } from "./mentions.ts";
import { isReady } from "./perform.ts";
import { placeOf } from "./place.ts";
import { needReach } from "./reach.ts";
import { resolveTarget } from "./resolve.ts";
import { parseInput } from "./validate.ts";

const defaultDeadlineMs = 30_000;
/** Of calls whose caller does not wait: they may stand behind many others. */
const queuedDeadlineMs = 600_000;
/** Bytes of any size take as long as they take. */
const bytesDeadlineMs = 3_600_000;

const takesBytes = (operation: AnyOperation): boolean =>
  Object.values((operation.input as ObjectSchema).entries).some((entry) => metaOf(entry).bytes);

/** The one path of every call. @see Runtime.invoke */
export function createInvoke(core: Core, parts: InvokeParts, carry: Carry) {
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
        if (name !== "keys.whoami" && !allowsOperation(principal.grant, name, operation)) throw refuse(principal, name);
        core.keys.count(principal);
      }
      const parsed = parseInput(operation.input as GenericSchema, raw, name);
      target = await resolveTarget(core, operation, principal, parsed);
      if (target) await needReach(core, operation, principal, target, parsed["room"]);
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
      checkSupport(
        core.platforms.get(target.connection.platform)?.title ?? target.connection.platform,
        capability,
        target.bot ? `${target.connection.id}/${target.bot.handle}` : undefined,
      );
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
    if (options.wait === false && !delegates && (!keeps || !target || takesBytes(operation)))
      throw new BotyardError(
        "unsupported_param",
        `${operation.name} cannot be queued; leave "wait" out. Nothing was done`,
        { issues: [{ path: "wait", expected: "left out here" }] },
      );
    // Nor does what nobody is there for: who goes on calling a plugin that is down would keep the disk from all others.
    // A key may find an answer of before, and a handler of the core may need nobody.
    if (keeps && target && key === null && options.wait !== false) {
      const { id } = target.connection;
      const live = core.supervisor.live(id);
      const needsIt = operation.effect === "send" || !parts.handlers.has(operation.name);
      if (needsIt && live && !live.session && !core.supervisor.opens(id)) throw notOpen(id, live);
    }
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
        // Compared with what comes under the same key; without one nothing ever does.
        digest: key === null ? "" : digestOf(operation.name, input),
        secretOutput: operation.secretOutput ?? false,
        idempotency,
        keep: keepOf(core, operation, input, deadline, options.wait === false),
        begins:
          operation.effect === "send" &&
          options.wait !== false &&
          target !== null &&
          (await isReady(core, { operation, target, input })),
      });
      if (begun.kind === "replay") return { value: begun.value, ...begun.reply };
      row = begun.row;
    }
    const way: Way = {
      operation,
      input,
      target,
      capability,
      idempotency,
      deadline,
      row,
      principal: options.principal,
      request: options.request,
      idempotencyKey: key,
      ...(options.wait === false ? { wait: options.wait } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    };
    if (options.wait !== false || !row || !target) return carry(way).finish();
    const queued = carry(way);
    try {
      parts.queue.add(placeInQueue(row), () =>
        queued
          .finish()
          .then(
            () => {},
            () => {},
          )
          .then(() => parts.ended(way.row?.id ?? "")),
      );
    } catch (error) {
      await settleFailed(core, row, mapError(core, error, options.request));
      queued.dropped();
      throw error;
    }
    return {
      value: { operation: row.id, state: "accepted" },
      status: 202,
      location: `/v1/ledger/${row.id}`,
      replayed: false,
    };
  }
}
