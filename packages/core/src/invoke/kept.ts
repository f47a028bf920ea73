import { type AnyOperation, BotyardError } from "@botyard/sdk";
import type { Core } from "../core.ts";
import type { Principal } from "../runtime-types.ts";
import type { EffectRow, KeptCall } from "../store/types.ts";
import type { Carry, InvokeParts } from "./carry.ts";
import { idempotencyOf, mapError, settleFailed } from "./ledger.ts";
import type { QueuePlace } from "./queue.ts";
import { resolveTarget } from "./resolve.ts";

/** Operations whose secret would be lost with the process that asked for it. */
const secretive: ReadonlySet<string> = new Set(["credentials.issue", "credentials.rotate"]);

/** Name a kept input is sealed under. */
export const inputSealName = (id: string): string => `effect/${id}/input`;

/** What the row of a call keeps so that it outlives the process; undefined: nothing, it ends with it. */
export function keepOf(
  core: Pick<Core, "sealer">,
  operation: AnyOperation,
  input: Readonly<Record<string, unknown>>,
  deadline: number,
  queued: boolean,
): ((id: string) => KeptCall) | undefined {
  if (!queued && !secretive.has(operation.name)) return undefined;
  return (id) => ({
    input: core.sealer.seal(inputSealName(id), JSON.stringify(input)),
    deadline,
    why: queued ? "queue" : "recover",
  });
}

export const placeInQueue = (row: EffectRow): QueuePlace => ({
  connection: row.connection ?? "",
  actor: row.as?.id ?? "",
  room: row.room ?? "",
});

const page = 500;
const recoverWithinMs = 30_000;

/** Calls of an earlier process, done by this one. */
export interface Kept {
  /** Takes up the calls that waited when the last process ended, in the order they came, and opens the queue. */
  begin(): Promise<void>;
  /**
   * A secret that the server may have made and that was not saved: asked for again where the platform says that it can be
   * (`recover: "refetch"`), else a new one takes its place. The row ends by it.
   */
  recover(row: EffectRow): Promise<EffectRow>;
}

/** @see Kept */
export function createKept(
  core: Core,
  parts: Pick<InvokeParts, "queue" | "ended"> & { readonly carry: Carry; readonly local: Principal },
): Kept {
  const { carry, local, queue } = parts;

  function operationOf(name: string): AnyOperation {
    const operation = core.table.operations.get(name);
    if (!operation) throw new BotyardError("unsupported", `this version of Botyard has no ${name}; nothing was done`);
    return operation;
  }

  function principalOf(row: EffectRow): Principal {
    const principal = row.scope === local.keyId ? local : core.keys.principal(row.scope);
    if (principal) return principal;
    throw new BotyardError("cancelled", "its key was revoked or has expired while this waited; nothing was sent", {
      effect: "none",
    });
  }

  async function again(row: EffectRow, call: KeptCall, name: string, principal: Principal): Promise<void> {
    const operation = operationOf(name);
    const input = JSON.parse(core.sealer.open(inputSealName(row.id), call.input)) as Record<string, unknown>;
    // By the id that was found then: a room's handle may name another one by now.
    const target = await resolveTarget(
      core,
      operation,
      principal,
      row.room === null ? input : { ...input, room: row.room },
    );
    const capability = target ? core.supervisor.capability(target.connection.id, name) : null;
    const idempotency = idempotencyOf(capability, operation.effect);
    const { deadline } = call;
    await carry({
      operation,
      input,
      target,
      capability,
      idempotency,
      row,
      principal,
      deadline: call.why === "queue" ? deadline : core.clock.now() + recoverWithinMs,
      request: row.request ?? "req_restart",
      idempotencyKey: row.idempotencyKey,
    }).finish();
  }

  async function work(row: EffectRow, call: KeptCall): Promise<void> {
    try {
      if (core.clock.now() >= call.deadline)
        throw new BotyardError("timeout", "its deadline passed before it was its turn; nothing was sent", {
          effect: "none",
        });
      await again(row, call, row.operation, principalOf(row));
    } catch (error) {
      const now = await core.store.getEffect(row.id);
      // What began has settled its row itself.
      if (now?.state === "accepted" && !core.closing.aborted)
        await settleFailed(core, row, asNone(mapError(core, error, row.request ?? "")));
    }
  }

  return {
    async begin(): Promise<void> {
      const rows: EffectRow[] = [];
      for (let before: string | undefined; ;) {
        const some = await core.store.listEffects({
          states: ["accepted"],
          limit: page,
          ...(before === undefined ? {} : { before }),
        });
        rows.push(...some);
        before = some.at(-1)?.id;
        if (some.length < page) break;
      }
      const waiting = rows.reverse().flatMap((row) => (row.call?.why === "queue" ? [{ row, call: row.call }] : []));
      if (waiting.length > 0)
        core.logger.info("calls that waited when Botyard last stopped go on", { count: waiting.length });
      queue.begin(
        waiting.map(({ row, call }) => [
          placeInQueue(row),
          () =>
            work(row, call)
              .catch((error: unknown) =>
                core.logger.error("a kept call failed inside Botyard", { effect: row.id, error }),
              )
              .then(() => parts.ended(row.id)),
        ]),
      );
    },

    async recover(row: EffectRow): Promise<EffectRow> {
      const { call, connection, bot } = row;
      if (row.state !== "unknown" || call?.why !== "recover" || connection === null || bot === null) return row;
      const platform = core.platforms.get(core.registry.connection(connection).platform);
      const kinds = Object.entries(platform?.credentials ?? {}).filter(([, kind]) => kind.holder === "bot");
      const refetch = kinds.some(([, kind]) => kind.recover === "refetch");
      await again(row, call, refetch ? "credentials.issue" : row.operation, local);
      return (await core.store.getEffect(row.id)) ?? row;
    },
  };
}

function asNone(error: BotyardError): BotyardError {
  return error.effect === "none"
    ? error
    : new BotyardError(error.code, error.message, { ...error.details, effect: "none" });
}
