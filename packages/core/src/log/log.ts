import type { Clock, Committed, Intake } from "@botyard/sdk";
import type { Logger } from "../host/logger.ts";
import type { Sealer } from "../secrets/types.ts";
import type { AppendBatch, Appended, EventBody, RecordPut, Store } from "../store/types.ts";
import { type Completed, completeIntake, type Directory } from "./complete.ts";
import { isoClock } from "../iso.ts";
import { continueAfter, ulid } from "../ulid.ts";
import { createMembership } from "./membership.ts";
import { createNotifier } from "./notifier.ts";
import { createPrimary } from "./primary.ts";
import { rawSealName } from "./raw.ts";
import { createReader } from "./reader.ts";
import type { CoreEvent, EventLog } from "./types.ts";

export interface LogParts extends Directory {
  readonly store: Store;
  readonly clock: Clock;
  /** Seals raw intakes. */
  readonly sealer: Pick<Sealer, "sealBytes">;
  readonly membersOf: (connection: string, room: string) => readonly string[];
  /** Makes visible what was written together with events. */
  readonly applied: (puts: readonly RecordPut[]) => void;
  /** How long events are kept, for sentences only; null: for ever. */
  readonly retentionMs: number | null;
  readonly logger?: Pick<Logger, "error" | "debug" | "wants">;
}

/** Events that a line of the log names; a history that is read in may hold thousands. */
const mostNamed = 20;

const idPrefix = "evt_";
/** Positions at the end of the log in which the newest id is looked for: those of late copies carry older ones. */
const lookedBack = 100;

const none: ReadonlySet<string> = new Set();

type About = { readonly id: string; readonly platform: string };
type Tell = Parameters<EventLog["onCommitted"]>[0];

/** The event log over a store that is open already and that this process alone writes. */
export async function createLog(parts: LogParts): Promise<EventLog> {
  const { store, clock } = parts;
  const { logId, headSeq } = await store.info();
  // Ids grow with their positions over restarts too, also where the clock was set back in between.
  for (const { body } of await store.readPositions({ after: Math.max(0, headSeq - lookedBack), limit: lookedBack }))
    continueAfter(body.id.slice(idPrefix.length));
  const newId = (): string => idPrefix + ulid(clock.now());
  const now = isoClock(clock);
  const notifier = createNotifier(clock, headSeq);
  const reader = createReader({ store, clock, notifier, logId, retentionMs: parts.retentionMs });
  const membership = createMembership(parts.membersOf);
  const primary = createPrimary();
  const listeners = new Set<Tell>();
  let asking: Promise<void> | null = null;

  /**
   * Intakes are completed one after the other, so that they enter the log in the order they came; the disk is waited for
   * together. Mostly nothing has to be asked before, and this one is completed at once.
   */
  const inOrder = <T>(
    ask: (() => Promise<ReadonlySet<string>>) | null,
    complete: (ours: ReadonlySet<string>) => Promise<T>,
  ): Promise<T> => {
    if (ask === null && asking === null) return complete(none);
    const begun = Promise.resolve(asking)
      .then(() => ask?.() ?? none)
      .then((ours) => ({ appended: complete(ours) }));
    const turn: Promise<void> = begun
      .catch(() => {})
      .then(() => {
        if (asking === turn) asking = null;
      });
    asking = turn;
    return begun.then(({ appended }) => appended);
  };

  /** Makes visible what is on disk now, and says what is new. */
  const after = (
    batch: AppendBatch,
    completed: readonly Completed[],
    appended: readonly Appended[],
  ): readonly (Completed & { readonly seq: number })[] => {
    const fresh: (Completed & { readonly seq: number })[] = [];
    const puts: RecordPut[] = [];
    let last = 0;
    for (const [at, { event, effectId }] of completed.entries()) {
      const { outcome, seq } = appended[at] ?? { outcome: "duplicate", seq: null };
      if (seq === null) continue;
      if (seq > last) last = seq;
      if (outcome !== "fresh") continue;
      fresh.push({ event, effectId, seq });
      if (event.records) puts.push(...event.records);
    }
    if (batch.records) puts.push(...batch.records);
    if (puts.length > 0) parts.applied(puts);
    notifier.advance(last);
    return fresh;
  };

  const tellAll = (batch: AppendBatch, fresh: readonly (Completed & { readonly seq: number })[]): void => {
    if (listeners.size === 0 || fresh.length === 0) return;
    const told = fresh.map(({ event, effectId, seq }) => ({
      event: () =>
        reader.toEvent({ seq, first: true, bots: event.bots, committedAt: batch.committedAt, body: event.body }),
      effectId,
    }));
    for (const tell of listeners) {
      try {
        tell(batch.connection, told);
      } catch (error) {
        // The events are on disk: whoever committed them must not hear of a listener's mistake.
        parts.logger?.error("a listener of the log failed", { connection: batch.connection, error });
      }
    }
  };

  const rawOf = (connection: string, { raw, via, id, bots }: Intake): AppendBatch["raw"] => {
    if (raw === undefined) return undefined;
    const bytes = typeof raw === "string" ? Buffer.from(raw) : raw;
    const seal = (plain: Uint8Array): Uint8Array => parts.sealer.sealBytes(rawSealName(connection), plain);
    return { via, id: id ?? null, bots, bytes, seal };
  };

  /** Ids among those of the drafts that our own sends carried; asked only where the sender does not tell. */
  const ourEffects = (connection: string, { events }: Intake): (() => Promise<ReadonlySet<string>>) | null => {
    const asked = events.filter(
      ({ effectId, actor }) => effectId !== undefined && (!actor || parts.botByNativeId(connection, actor.id) === null),
    );
    if (asked.length === 0) return null;
    return async () => {
      const found = asked.map(async ({ effectId = "" }) =>
        (await store.findEffect({ connection, effectId })) === null ? [] : [effectId],
      );
      return new Set((await Promise.all(found)).flat());
    };
  };

  const commit: EventLog["commit"] = async (connection, intake, also = {}) => {
    const name = {};
    const complete = async (ours: ReadonlySet<string>): Promise<Committed> => {
      const committedAt = now();
      const completed = completeIntake({
        connection,
        intake,
        directory: parts,
        membership,
        primary,
        commit: name,
        past: also.onlyFresh === true,
        now: committedAt,
        newId,
        isOurs: (effectId) => ours.has(effectId),
      });
      const batch: AppendBatch = {
        connection: connection.id,
        committedAt,
        events: completed.map(({ event }) => event),
        raw: rawOf(connection.id, intake),
        put: also.put,
        records: also.records,
        onlyFresh: also.onlyFresh,
        copies: also.copies,
      };
      const results = await store.appendEvents(batch);
      const fresh = after(batch, completed, results);
      tellAll(batch, fresh);
      const committed = toCommitted(results, intake.events.length);
      if (parts.logger?.wants("debug"))
        parts.logger.debug("an intake is in the log", {
          connection: connection.id,
          via: intake.via,
          intake: intake.id,
          ...committed,
          events: fresh.slice(0, mostNamed).map(({ event }) => event.body.id),
        });
      return committed;
    };
    try {
      return await inOrder(ourEffects(connection.id, intake), complete);
    } finally {
      membership.settle(name);
    }
  };

  const emit = (connection: About, event: CoreEvent): Promise<void> =>
    inOrder(null, async () => {
      const committedAt = now();
      const completed = [
        {
          event: { key: null, body: coreBody(connection, event, newId(), committedAt), bots: event.bots ?? [] },
          effectId: null,
        },
      ];
      const batch: AppendBatch = {
        connection: connection.id,
        committedAt,
        events: completed.map((item) => item.event),
      };
      after(batch, completed, await store.appendEvents(batch));
    });

  return {
    ...reader,
    commit,
    emit,
    head: notifier.head,
    onCommitted(tell) {
      listeners.add(tell);
      return () => void listeners.delete(tell);
    },
  };
}

function toCommitted(results: readonly Appended[], drafts: number): Committed {
  let fresh = 0;
  let copies = 0;
  for (const { outcome } of results) {
    if (outcome === "fresh") fresh += 1;
    else if (outcome === "copy") copies += 1;
  }
  return { fresh, copies, duplicates: drafts - fresh - copies };
}

function coreBody({ id: connection, platform }: About, event: CoreEvent, id: string, time: string): EventBody {
  const [room, ...more] = event.rooms ?? [];
  return {
    id,
    type: event.type,
    time,
    connection,
    platform,
    addressed: [],
    own: false,
    backfilled: false,
    room: room === undefined || more.length > 0 ? null : { id: room },
    actor: null,
    ...(event.gap ? { gap: event.gap } : {}),
    ...(event.state ? { state: event.state } : {}),
    ...(event.credential ? { credential: event.credential } : {}),
  };
}
