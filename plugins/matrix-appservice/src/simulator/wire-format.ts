import type { JsonObject } from "../wire.ts";
import type { SimEvent } from "./model.ts";

/** What of a redacted event stays. @see https://spec.matrix.org/v1.19/rooms/v11/#redactions */
function contentOf(event: SimEvent): JsonObject {
  if (event.redactedBy === undefined) return event.content;
  return event.type === "m.room.member" ? { membership: event.content["membership"] } : {};
}

function format(event: SimEvent, now: number, unsigned: JsonObject): JsonObject {
  return {
    content: contentOf(event),
    event_id: event.event_id,
    origin_server_ts: event.origin_server_ts,
    ...(event.redacts === undefined ? {} : { redacts: event.redacts }),
    room_id: event.room_id,
    sender: event.sender,
    ...(event.state_key === undefined ? {} : { state_key: event.state_key }),
    type: event.type,
    unsigned: { age: Math.max(0, now - event.origin_server_ts), ...unsigned },
  };
}

/** Only who gets an invite pushed sees the stripped state that came with it. */
function withoutInvite(event: SimEvent): JsonObject {
  const { invite_room_state: _, ...rest } = event.unsigned ?? {};
  return rest;
}

const repeated = ["age", "invite_room_state", "prev_content", "replaces_state", "redacted_because"];

/** The old format repeats parts of `unsigned` at the top level. */
function old(event: JsonObject, unsigned: JsonObject): JsonObject {
  const parts = repeated.filter((name) => unsigned[name] !== undefined).map((name) => [name, unsigned[name]] as const);
  return { ...event, ...Object.fromEntries(parts), user_id: event["sender"] };
}

function formatOld(event: SimEvent, now: number, unsigned: JsonObject): JsonObject {
  const made = format(event, now, unsigned);
  return old(made, made["unsigned"] as JsonObject);
}

/** The format of `/event`, `/messages`, `/members` and `/state`; `transactionOf` names the request that made an event, for who made it. */
export function toOldFormat(
  event: SimEvent,
  now: number,
  more: JsonObject = {},
  transactionOf: (event: SimEvent) => JsonObject = () => ({}),
): JsonObject {
  const { redactedBy } = event;
  const redaction =
    redactedBy === undefined
      ? {}
      : { redacted_because: formatOld(redactedBy, now, transactionOf(redactedBy)), redacted_by: redactedBy.event_id };
  return formatOld(event, now, { ...withoutInvite(event), ...redaction, ...transactionOf(event), ...more });
}

/** The format of transactions. */
export function toPushed(event: SimEvent, now: number): JsonObject {
  return formatOld(event, now, event.unsigned ?? {});
}

/** The format of `/sync` and of `?format=event`. */
export function toNewFormat(event: SimEvent, now: number, more: JsonObject = {}): JsonObject {
  return format(event, now, { ...withoutInvite(event), ...more });
}
