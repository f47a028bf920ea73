import { createHash } from "node:crypto";
import { isObject, objectOf, textOf, type JsonObject, type WireEdu, type WireEvent } from "./wire.ts";

/** A transaction in its parts. Nothing a homeserver sends makes it fail: what cannot be read is `odd`. */
export interface Transaction {
  /** Made of transaction id and event ids: the same for a retry, another after the homeserver's database was reset. */
  readonly key: string;
  readonly events: readonly WireEvent[];
  readonly ephemeral: readonly WireEdu[];
  /** Entries that are no event, as they came, with the reason. */
  readonly odd: readonly OddEntry[];
}

export interface OddEntry {
  readonly reason: string;
  readonly entry: unknown;
}

/**
 * Splits the body of a transaction. A retried transaction carries the same events with another age and without its
 * ephemeral part, so the body itself is never digested.
 *
 * @see https://spec.matrix.org/v1.19/application-service-api/#put_matrixappv1transactionstxnid
 */
export function readTransaction(txnId: string, body: JsonObject): Transaction {
  const events: WireEvent[] = [];
  const odd: OddEntry[] = [];
  for (const entry of listOf(body["events"])) {
    const event = readEvent(entry);
    if (typeof event === "string") odd.push({ reason: event, entry });
    else events.push(event);
  }
  const ephemeral = [...listOf(body["ephemeral"]), ...listOf(body["de.sorunome.msc2409.ephemeral"])].flatMap(readEdu);
  return { key: transactionKey(txnId, events, ephemeral), events, ephemeral, odd };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function readEvent(entry: unknown): WireEvent | string {
  if (!isObject(entry)) return "it is no JSON object";
  const {
    type,
    event_id: eventId,
    room_id: roomId,
    sender,
    origin_server_ts: time,
    state_key: stateKey,
    redacts,
  } = entry;
  if (typeof eventId !== "string" || eventId === "") return "it has no event_id";
  if (typeof type !== "string" || type === "") return "it has no type";
  if (typeof roomId !== "string" || roomId === "") return "it has no room_id";
  return {
    type,
    event_id: eventId,
    room_id: roomId,
    sender: textOf(sender) ?? "",
    origin_server_ts: typeof time === "number" && Number.isFinite(time) ? time : 0,
    content: objectOf(entry["content"]),
    ...(typeof stateKey === "string" ? { state_key: stateKey } : {}),
    ...(typeof redacts === "string" ? { redacts } : {}),
    unsigned: unsignedOf(entry),
  };
}

const repeatedAbove = ["prev_content", "replaces_state", "invite_room_state"] as const;

/** Synapse repeats the parts of `unsigned` at the top level; other servers give one of both. */
function unsignedOf(entry: JsonObject): JsonObject {
  let unsigned = objectOf(entry["unsigned"]);
  for (const name of repeatedAbove) {
    if (entry[name] !== undefined && unsigned[name] === undefined) unsigned = { ...unsigned, [name]: entry[name] };
  }
  return unsigned;
}

function readEdu(entry: unknown): WireEdu[] {
  if (!isObject(entry)) return [];
  const { type, room_id: room, sender } = entry;
  if (typeof type !== "string") return [];
  return [
    {
      type,
      content: objectOf(entry["content"]),
      ...(typeof room === "string" ? { room_id: room } : {}),
      ...(typeof sender === "string" ? { sender } : {}),
    },
  ];
}

/** Transaction ids start again at 1 when the homeserver's database is new: only id and event ids together are a key. */
function transactionKey(
  txnId: string,
  events: readonly Pick<WireEvent, "event_id">[],
  ephemeral: readonly WireEdu[],
): string {
  const [only] = events;
  // As most transactions are: not worth a digest.
  if (only !== undefined && events.length === 1) return `${txnId}\n${only.event_id}`;
  // A retry has lost what is not kept; where there is nothing else, it is what tells one from another.
  const parts = only === undefined ? ["", "", JSON.stringify(ephemeral)] : events.map(({ event_id: id }) => id);
  return createHash("sha256")
    .update([txnId, ...parts].join("\n"))
    .digest("base64url");
}

/** What is left to do with a transaction. */
export interface Plan {
  /** Handled before: answer 200 and do nothing. */
  readonly repeated: boolean;
  /** Events not handled before, each once, in their order. */
  readonly fresh: readonly WireEvent[];
}

/** An event may come again in a later transaction, so its id counts besides the transaction's key. */
export function planTransaction(
  transaction: Transaction,
  handled: { transaction(key: string): boolean; event(id: string): boolean },
): Plan {
  if (handled.transaction(transaction.key)) return { repeated: true, fresh: [] };
  const seen = new Set<string>();
  const fresh = transaction.events.filter(({ event_id: id }) => {
    if (seen.has(id) || handled.event(id)) return false;
    seen.add(id);
    return true;
  });
  return { repeated: false, fresh };
}
