import type { Continuity, Credential, Event, Gap, Grant, Key, NativeBot, ProbeReport, State, Step } from "@botyard/sdk";
import type { DeliveryStore, WebhookRecord } from "./delivery-types.ts";
import type { AuditRow, EffectRow, Writing } from "./ledger-types.ts";
import type { PendingRaw, RawRow } from "./raw-types.ts";

export type * from "./delivery-types.ts";
export type * from "./ledger-types.ts";
export type * from "./raw-types.ts";

/** A configured chat server, as it is kept. */
export interface ConnectionRecord {
  readonly id: string;
  readonly platform: string;
  readonly url: string | null;
  /** Where the chat server reaches the hooks listener, if not at the service's own address. */
  readonly hooksUrl?: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  /** The last probe that came through. */
  readonly probe: Omit<ProbeReport, "steps"> | null;
  readonly continuity: Continuity;
}

export interface BotRecord {
  readonly connection: string;
  readonly handle: string;
  readonly native: NativeBot;
  /** Counts installations. */
  readonly generation: number;
  readonly createdAt: string;
  /** Disabled by us, where the server has no such state. */
  readonly held: boolean;
  /** Ids it had before it was installed again. */
  readonly formerIds: readonly string[];
}

export interface CredentialRecord extends Omit<Credential, keyof State> {
  readonly createdAt: string;
  /** Sealed secret, base64; null where `source` is a reference. */
  readonly sealed: string | null;
}

export interface StepRecord extends Omit<Step, "run"> {
  readonly verify: Readonly<Record<string, unknown>>;
  readonly blocks: readonly string[];
  /** Run line with the secret masked. */
  readonly run: Step["run"];
  /** The real one, sealed, base64; null where it holds no secret. */
  readonly sealedRun: string | null;
}

export interface KeyRecord extends Key {
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
}

export interface ConsumerRecord {
  readonly name: string;
  readonly connection: string | null;
  readonly bot: string | null;
  readonly room: string | null;
  readonly type: readonly string[] | null;
  readonly own: boolean;
  readonly maxAgeMs: number | null;
  /** Last position that was acknowledged. */
  readonly seq: number;
  readonly createdAt: string;
  readonly lastAckAt: string | null;
  /** How many events `maxAgeMs` left out, and the last of their positions, so that none counts twice. Absent: none. */
  readonly skipped?: { readonly count: number; readonly seq: number };
  /** Its creator: reads with this grant, ends with this key. */
  readonly key: string;
  readonly grant: Grant;
}

/** A managed bot is in a room: fills `bots` of events that come once for all. */
export interface MembershipRecord {
  readonly connection: string;
  readonly room: string;
  readonly handle: string;
}

export interface Records {
  readonly connection: ConnectionRecord;
  readonly bot: BotRecord;
  readonly credential: CredentialRecord;
  readonly step: StepRecord;
  readonly key: KeyRecord;
  readonly consumer: ConsumerRecord;
  readonly webhook: WebhookRecord;
  readonly gap: Gap;
  readonly membership: MembershipRecord;
}
export type RecordKind = keyof Records;

/** One change of a record; `value: null` deletes. */
export type RecordPut = {
  readonly [K in RecordKind]: {
    readonly kind: K;
    /** Unique within the kind. */
    readonly id: string;
    /** The connection it belongs to; "" for none. */
    readonly scope: string;
    readonly value: Records[K] | null;
    /** The whole batch fails with `conflict` when the id is taken. */
    readonly absent?: true;
  };
}[RecordKind];

/** An event without what the log adds: its position. */
export type EventBody = Omit<Event, "seq" | "cursor" | "bots" | "committedAt">;

export interface PendingEvent {
  /** Unique over the log: connection, kind, id, revision; null: never merged. */
  readonly key: string | null;
  readonly body: EventBody;
  readonly bots: readonly string[];
  /** Changes that follow from it: made when it comes for the first time, and never again. */
  readonly records?: readonly RecordPut[];
}

export interface AppendBatch {
  readonly connection: string;
  readonly committedAt: string;
  readonly events: readonly PendingEvent[];
  /** As received. */
  readonly raw?: Omit<PendingRaw, "connection" | "committedAt"> | undefined;
  /**
   * An event that is there already stays as it is: it gets no copy for other bots either. One that is there as
   * `platform.unknown` gives its key to what is known of the same fact now, which is appended as a new event.
   */
  readonly onlyFresh?: true | undefined;
  /** With `onlyFresh`: one that was read in later itself (`backfilled`) gets its copies all the same. */
  readonly copies?: true | undefined;
  /** Plugin's own entries, in the same transaction; null deletes. */
  readonly put?: Readonly<Record<string, unknown>> | undefined;
  readonly records?: readonly RecordPut[] | undefined;
}

export interface Appended {
  readonly outcome: "fresh" | "copy" | "duplicate";
  /** Id of the event in the log, also where it was there before. */
  readonly id: string;
  /** New position; null for duplicates. */
  readonly seq: number | null;
}

/** A place in the log. A late copy points at an event that is in the log already and carries only the new bots. */
export interface Position {
  readonly seq: number;
  readonly first: boolean;
  readonly bots: readonly string[];
  readonly committedAt: string;
  readonly body: EventBody;
}

export interface StoreInfo {
  /** Random, of this log; part of every cursor. 3 to 8 of 0-9 a-z. */
  readonly logId: string;
  readonly schema: number;
  /** Last position given; 0: none yet. */
  readonly headSeq: number;
  /** First position kept; headSeq + 1 where none is. */
  readonly oldestSeq: number;
  /** Size of the file; null for the memory store. */
  readonly bytes: number | null;
}

/** A copy of the whole store as one file. */
export interface StoreCopy {
  /** Absolute; readable by this user only. */
  readonly path: string;
  readonly bytes: number;
  /** The one who asked for it takes it away. */
  remove(): void;
}

/**
 * Everything that is kept. Each method is one transaction: done on disk when it resolves, or nothing of it.
 * Throws BotyardError: `conflict` (a record that must be absent), `internal` with a sentence (disk full, file damaged).
 */
export interface Store extends DeliveryStore {
  info(): Promise<StoreInfo>;
  /** All records of a kind, by id; of one connection when a scope is given. */
  listRecords<K extends RecordKind>(kind: K, scope?: string): Promise<readonly Records[K][]>;
  putRecords(puts: readonly RecordPut[]): Promise<void>;
  /** Growing from 1, never given twice: names of steps and gaps. */
  nextNumber(kind: "step" | "gap"): Promise<number>;
  pluginGet(connection: string, key: string): Promise<unknown>;
  pluginPut(connection: string, entries: Readonly<Record<string, unknown>>): Promise<void>;
  pluginList(connection: string, prefix: string): Promise<readonly (readonly [string, unknown])[]>;
  /**
   * Deletes a connection's plugin entries, memberships, bots, credentials, steps, gaps and the connection itself. Events
   * stay, and are never merged with those of a later connection of that name.
   */
  forgetConnection(connection: string): Promise<void>;

  appendEvents(batch: AppendBatch): Promise<readonly Appended[]>;
  /** Positions after `after`, oldest first. `connection` narrows; every other filter is the reader's. */
  readPositions(query: {
    readonly after: number;
    readonly limit: number;
    readonly connection?: string;
  }): Promise<readonly Position[]>;
  /** The event with all bots that saw it; `seq` is its first position. */
  getEvent(id: string): Promise<Position | null>;
  /**
   * Last position committed before a time; where none is kept, the one before the oldest kept. Where the clock was set
   * back in between, one of the places that fit.
   */
  seqBefore(time: string): Promise<number>;
  /**
   * Intakes of a connection, newest first; `before` is the number of the last one of the page before. With `after`
   * instead: oldest first, those after this number.
   */
  listRaw(query: {
    readonly connection: string;
    readonly before?: number;
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly RawRow[]>;
  /**
   * Deletes what was committed before these times; returns how many positions of the log went. Positions go from the
   * oldest on without holes: one that is younger (its clock was ahead) keeps those after it. An event stays readable as
   * long as one of its late copies is kept. Of effects, only settled ones and unknown ones go.
   */
  trim(before: {
    readonly events?: string;
    readonly raw?: string;
    readonly audit?: string;
    readonly effects?: string;
    /** Besides: the oldest events and intakes, until what the file holds (not the file itself) is no larger. */
    readonly maxBytes?: number;
  }): Promise<number>;

  /**
   * Inserts the row, unless (scope, operation, idempotencyKey) is there already: then that row comes back and nothing
   * is written. A row that failed with effect `none` does not count and loses its key.
   */
  beginEffect(row: EffectRow): Promise<{ readonly row: EffectRow; readonly created: boolean }>;
  updateEffect(id: string, patch: Partial<Omit<EffectRow, "id">>, writing?: Writing): Promise<void>;
  getEffect(id: string): Promise<EffectRow | null>;
  findEffect(query: { readonly connection: string; readonly effectId: string }): Promise<EffectRow | null>;
  /** Newest first. `before` is an id. */
  listEffects(query: {
    readonly connection?: string;
    readonly states?: readonly EffectRow["state"][];
    readonly before?: string;
    readonly limit: number;
  }): Promise<readonly EffectRow[]>;
  countEffects(): Promise<{ readonly sent: number; readonly failed: number; readonly unknown: number }>;
  /** After a crash: `attempting` becomes `unknown`, `accepted` becomes `failed` with effect `none`. Returns how many. */
  recoverEffects(now: string): Promise<{ readonly unknown: number; readonly failed: number }>;

  appendAudit(rows: readonly AuditRow[]): Promise<void>;
  /** Newest first; `before` is the number of the last row of the page before. */
  listAudit(query: {
    readonly key?: string;
    /** `messages.send`, or `messages.*`. */
    readonly operation?: string;
    readonly connection?: string;
    /** `ok`, an error's code, or `error` for whatever is not `ok`. */
    readonly answer?: string;
    /** ISO 8601: not before. */
    readonly since?: string;
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly (AuditRow & { readonly n: number })[]>;

  /** Of the disk that holds the file, in bytes; null for the memory store, and where the system does not tell. */
  disk(): Promise<{ readonly free: number; readonly total: number } | null>;
  /**
   * A consistent copy, made while everything goes on and checked to be whole. Throws `unsupported` for the memory store.
   * Nothing else is done meanwhile: about three seconds for a gigabyte, half of them for the check.
   */
  backup(): Promise<StoreCopy>;
  close(): Promise<void>;
}
