import { BotyardError, type BotTarget } from "@botyard/sdk";
import type {
  BotRecord,
  ConnectionRecord,
  CredentialRecord,
  RecordKind,
  RecordPut,
  Records,
  StepRecord,
  Store,
} from "../store/types.ts";

const kinds: readonly RecordKind[] = [
  "connection",
  "bot",
  "credential",
  "step",
  "key",
  "consumer",
  "webhook",
  "gap",
  "membership",
];

/** What changed, told after it is on disk. */
export interface RegistryChange {
  readonly kind: RecordKind;
  readonly id: string;
  readonly connection: string;
}

/**
 * All records in memory, written through: reads never wait. Several records change together or not at all.
 */
export interface Registry {
  get<K extends RecordKind>(kind: K, id: string): Records[K] | undefined;
  /** In the order of their ids; of one connection when a scope is given. */
  list<K extends RecordKind>(kind: K, scope?: string): readonly Records[K][];
  /** On disk, then visible, then told to the watchers. Throws `conflict` for an id that must be absent and is taken. */
  save(puts: readonly RecordPut[]): Promise<void>;
  /** Makes visible what the store wrote in a transaction of its own. */
  applied(puts: readonly RecordPut[]): void;
  /** Drops everything of a connection from memory, after the store forgot it. */
  forget(connection: string): void;
  connection(id: string): ConnectionRecord;
  bots(connection: string): readonly BotRecord[];
  /** Throws `not_found` with the handles there are. */
  bot(connection: string, handle: string): BotRecord;
  botByNativeId(connection: string, nativeId: string): BotRecord | undefined;
  /** Handles of the managed bots in a room. */
  membersOf(connection: string, room: string): readonly string[];
  watch(changed: (change: RegistryChange) => void): () => void;
}

export const botId = (connection: string, handle: string): string => `${connection}/${handle}`;
const roomKey = (connection: string, room: string): string => `${connection}\u0000${room}`;
export const membershipId = (connection: string, room: string, handle: string): string =>
  `${connection}/${handle}/${room}`;

export function putConnection(value: ConnectionRecord): RecordPut {
  return { kind: "connection", id: value.id, scope: value.id, value };
}
export function putBot(value: BotRecord): RecordPut {
  return { kind: "bot", id: botId(value.connection, value.handle), scope: value.connection, value };
}
export function putCredential(value: CredentialRecord): RecordPut {
  return { kind: "credential", id: value.id, scope: value.connection, value };
}
export function putStep(value: StepRecord): RecordPut {
  return { kind: "step", id: value.id, scope: value.connection, value };
}
export function putMembership(connection: string, room: string, handle: string, there: boolean): RecordPut {
  return {
    kind: "membership",
    id: membershipId(connection, room, handle),
    scope: connection,
    value: there ? { connection, room, handle } : null,
  };
}

export function toTarget(record: BotRecord): BotTarget {
  const { native, handle, generation, held } = record;
  return {
    handle,
    generation,
    nativeId: native.nativeId,
    username: native.username,
    displayName: native.displayName,
    description: native.description,
    enabled: native.enabled && !held,
  };
}

type Tables = { readonly [K in RecordKind]: Map<string, { readonly scope: string; readonly value: Records[K] }> };

export async function openRegistry(store: Store): Promise<Registry> {
  const tables = Object.fromEntries(kinds.map((kind) => [kind, new Map()])) as unknown as Tables;
  const byScope = new Map<string, Map<string, unknown>>();
  const byNativeId = new Map<string, BotRecord>();
  const rooms = new Map<string, Set<string>>();
  const watchers = new Set<(change: RegistryChange) => void>();
  // In order of id, made when asked for: with ten thousand bots a sort for each call would be what the call costs.
  const sorted = new Map<string, readonly unknown[]>();

  const scoped = (kind: RecordKind, scope: string): Map<string, unknown> => {
    const key = `${kind}\u0000${scope}`;
    let found = byScope.get(key);
    if (!found) byScope.set(key, (found = new Map()));
    return found;
  };

  const index = (put: RecordPut, before: unknown): void => {
    if (put.kind === "bot") {
      const old = before as BotRecord | undefined;
      if (old?.native.nativeId) byNativeId.delete(roomKey(old.connection, old.native.nativeId));
      if (put.value?.native.nativeId)
        byNativeId.set(roomKey(put.value.connection, put.value.native.nativeId), put.value);
    }
    if (put.kind === "membership") {
      const entry = put.value ?? (before as Records["membership"] | undefined);
      if (!entry) return;
      const key = roomKey(entry.connection, entry.room);
      const members = rooms.get(key) ?? new Set<string>();
      if (put.value) members.add(entry.handle);
      else members.delete(entry.handle);
      if (members.size > 0) rooms.set(key, members);
      else rooms.delete(key);
    }
  };

  const apply = (put: RecordPut): void => {
    const table = tables[put.kind] as Map<string, { scope: string; value: unknown }>;
    const before = table.get(put.id)?.value;
    if (put.value === null) {
      table.delete(put.id);
      scoped(put.kind, put.scope).delete(put.id);
    } else {
      table.set(put.id, { scope: put.scope, value: put.value });
      scoped(put.kind, put.scope).set(put.id, put.value);
    }
    sorted.delete(put.kind);
    sorted.delete(`${put.kind}\u0000${put.scope}`);
    index(put, before);
  };

  const applied = (puts: readonly RecordPut[]): void => {
    for (const put of puts) apply(put);
    for (const { kind, id, scope } of puts) for (const tell of watchers) tell({ kind, id, connection: scope });
  };

  for (const kind of kinds) {
    for (const value of await store.listRecords(kind)) {
      const put = loaded(kind, value);
      apply(put);
    }
  }

  const registry: Registry = {
    get: (kind, id) => tables[kind].get(id)?.value as never,
    list(kind, scope) {
      const name = scope === undefined ? kind : `${kind}\u0000${scope}`;
      const known = sorted.get(name);
      if (known) return known as never;
      const entries =
        scope === undefined
          ? [...tables[kind].entries()].map(([id, { value }]) => [id, value] as const)
          : [...scoped(kind, scope)];
      const values = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);
      sorted.set(name, values);
      return values as never;
    },
    async save(puts) {
      await store.putRecords(puts);
      applied(puts);
    },
    applied,
    forget(connection) {
      const gone = (["bot", "credential", "step", "gap", "membership"] as const).flatMap((kind) =>
        [...scoped(kind, connection).keys()].map((id): RecordPut => ({ kind, id, scope: connection, value: null })),
      );
      applied([...gone, { kind: "connection", id: connection, scope: connection, value: null }]);
    },
    connection(id) {
      const found = registry.get("connection", id);
      if (found) return found;
      const known = registry.list("connection").map((record) => record.id);
      throw new BotyardError(
        "not_found",
        `there is no connection "${id}"; ${known.length > 0 ? `known: ${known.join(", ")}` : "none is configured yet"}`,
        known.length === 0 ? { fix: "botyard connect <platform> <url>" } : {},
      );
    },
    bots: (connection) => registry.list("bot", connection),
    bot(connection, handle) {
      const found = registry.get("bot", botId(connection, handle));
      if (found) return found;
      const known = registry.bots(connection).map((record) => record.handle);
      throw new BotyardError(
        "not_found",
        `there is no bot "${handle}" on ${connection}${known.length > 0 ? `; managed: ${known.slice(0, 10).join(", ")}` : ""}`,
        {
          fix: `botyard bots create ${connection}/${handle}`,
        },
      );
    },
    botByNativeId: (connection, nativeId) => byNativeId.get(roomKey(connection, nativeId)),
    membersOf: (connection, room) => [...(rooms.get(roomKey(connection, room)) ?? [])],
    watch(changed) {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
  };
  return registry;
}

/** The change that would have made a record, from the record itself. */
function loaded(kind: RecordKind, value: Records[RecordKind]): RecordPut {
  switch (kind) {
    case "connection":
      return putConnection(value as ConnectionRecord);
    case "bot":
      return putBot(value as BotRecord);
    case "credential":
      return putCredential(value as CredentialRecord);
    case "step":
      return putStep(value as StepRecord);
    case "membership": {
      const { connection, room, handle } = value as Records["membership"];
      return putMembership(connection, room, handle, true);
    }
    case "key":
      return { kind, id: (value as Records["key"]).id, scope: "", value: value as Records["key"] };
    case "consumer":
      return { kind, id: (value as Records["consumer"]).name, scope: "", value: value as Records["consumer"] };
    case "webhook":
      return { kind, id: (value as Records["webhook"]).name, scope: "", value: value as Records["webhook"] };
    case "gap":
      return {
        kind,
        id: (value as Records["gap"]).id,
        scope: (value as Records["gap"]).connection,
        value: value as Records["gap"],
      };
  }
}
