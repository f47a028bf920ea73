import type { AppendBatch, EffectRow, EventBody, PendingEvent, RecordPut } from "../types.ts";

// Literal, small, valid values for the suite; each test names only what it is about.

export const time = (minute: number): string => new Date(Date.UTC(2026, 10, 20, 8, minute)).toISOString();

function body(id: string, connection = "chat"): EventBody {
  return {
    id: `evt_${id}`,
    type: "message.created",
    time: time(0),
    connection,
    platform: "sandbox",
    addressed: [],
    own: false,
    backfilled: false,
    room: { id: "room-1" },
    actor: { id: "user-1", kind: "user", bot: null },
    content: { text: `text ${id} ☃`, format: "plain", plain: `text ${id} ☃`, mentions: [], files: [] },
  };
}

/** An event whose key is that of its connection and id, unless another is given. */
export function event(
  id: string,
  options: Partial<PendingEvent> & { readonly connection?: string } = {},
): PendingEvent {
  const { connection = "chat", ...rest } = options;
  return { key: `${connection} message ${id}`, body: body(id, connection), bots: ["helper"], ...rest };
}

export function batch(events: readonly PendingEvent[], more: Partial<AppendBatch> = {}): AppendBatch {
  return { connection: "chat", committedAt: time(1), events, ...more };
}

export function effect(id: string, more: Partial<EffectRow> = {}): EffectRow {
  return {
    id: `op_${id}`,
    operation: "messages.send",
    connection: "chat",
    bot: "helper",
    room: "room-1",
    as: { kind: "bot", id: "native-1", handle: "helper" },
    scope: "key-1",
    idempotencyKey: null,
    digest: `digest ${id}`,
    effectId: `EFFECT${id}`,
    state: "accepted",
    effect: "none",
    attempts: 0,
    createdAt: time(0),
    updatedAt: time(0),
    result: null,
    sealed: false,
    error: null,
    settledBy: null,
    ...more,
  };
}

export function bot(handle: string, connection = "chat"): RecordPut {
  const native = { nativeId: null, username: handle, displayName: null, description: null, enabled: true };
  return {
    kind: "bot",
    id: `${connection}/${handle}`,
    scope: connection,
    value: { connection, handle, native, generation: 1, createdAt: time(0), held: false, formerIds: [] },
  };
}

export function connection(id: string): RecordPut {
  return {
    kind: "connection",
    id,
    scope: id,
    value: {
      id,
      platform: "sandbox",
      url: null,
      settings: {},
      createdAt: time(0),
      probe: null,
      continuity: "proven",
    },
  };
}

export function member(room: string, handle: string, connection = "chat"): RecordPut {
  return {
    kind: "membership",
    id: `${connection}/${room}/${handle}`,
    scope: connection,
    value: { connection, room, handle },
  };
}

/** Stands in for a seal. */
export const reversed = (bytes: Uint8Array): Uint8Array => bytes.toReversed();
