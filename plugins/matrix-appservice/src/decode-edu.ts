import type { EventDraft } from "@botyard/sdk";
import { toTime } from "./decode.ts";
import { isObject, objectOf, textOf, type JsonObject, type WireEdu } from "./wire.ts";

/** What decoding an EDU needs to know and to remember. */
export interface EduContext {
  /** Ours: what we did ourselves is no news. */
  readonly owns: (user: string) => boolean;
  /** Who types, by room, as told last; kept up to date. */
  readonly typing: Map<string, ReadonlySet<string>>;
  readonly nowMs: number;
}

const privateReceipt = "m.read.private";

/** Typing, presence and receipts as events without a key; private receipts are dropped. Never throws. */
export function decodeEdu(edu: WireEdu, context: EduContext): EventDraft[] {
  switch (edu.type) {
    case "m.typing":
      return decodeTyping(edu, context);
    case "m.presence":
      return decodePresence(edu, context);
    case "m.receipt":
      return decodeReceipt(edu, context);
    default:
      return [];
  }
}

/** One event for each user that began or ended: the homeserver tells all who type at the moment. */
function decodeTyping({ room_id: room, content }: WireEdu, { owns, typing, nowMs }: EduContext): EventDraft[] {
  const ids = content["user_ids"];
  if (room === undefined || !Array.isArray(ids)) return [];
  const now = new Set(ids.filter((id): id is string => typeof id === "string" && !owns(id)));
  const before = typing.get(room) ?? new Set<string>();
  if (now.size === 0) typing.delete(room);
  else typing.set(room, now);
  const changed = [
    ...[...now].filter((id) => !before.has(id)).map((id) => [id, true] as const),
    ...[...before].filter((id) => !now.has(id)).map((id) => [id, false] as const),
  ];
  return changed.map(([id, on]) => ({
    key: null,
    type: "typing",
    time: toTime(nowMs),
    room: { id: room },
    actor: { id, kind: "user" },
    native: { type: "m.typing", typing: on },
  }));
}

function decodePresence({ sender, content }: WireEdu, { owns, nowMs }: EduContext): EventDraft[] {
  const presence = textOf(content["presence"]);
  if (sender === undefined || presence === undefined || owns(sender)) return [];
  return [
    {
      key: null,
      type: "presence",
      time: toTime(nowMs),
      room: null,
      actor: { id: sender, kind: "user" },
      native: { type: "m.presence", presence, status: textOf(content["status_msg"]) ?? null },
    },
  ];
}

function decodeReceipt({ room_id: room, content }: WireEdu, { owns, nowMs }: EduContext): EventDraft[] {
  if (room === undefined) return [];
  const shown: Record<string, JsonObject> = {};
  const readers = new Set<string>();
  for (const [event, types] of Object.entries(content)) {
    for (const [type, users] of Object.entries(objectOf(types))) {
      if (type === privateReceipt) continue;
      const others = Object.entries(objectOf(users)).filter(([user]) => !owns(user));
      if (others.length === 0) continue;
      shown[event] = { ...shown[event], [type]: Object.fromEntries(others) };
      for (const [user] of others) readers.add(user);
    }
  }
  const [reader] = readers;
  if (reader === undefined) return [];
  return [
    {
      key: null,
      type: "platform.unknown",
      time: toTime(nowMs),
      room: { id: room },
      actor: readers.size === 1 ? { id: reader, kind: "user" } : null,
      native: { type: "m.receipt", content: shown },
    },
  ];
}

/** A transaction as it is kept: Synapse pushes private receipts of people, and they are nobody's business. */
export function withoutPrivate(raw: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(raw);
  if (!text.includes(privateReceipt)) return raw;
  const body: unknown = JSON.parse(text);
  if (!isObject(body)) return raw;
  const cleaned: Record<string, unknown> = { ...body };
  for (const name of ["ephemeral", "de.sorunome.msc2409.ephemeral"]) {
    const list = body[name];
    if (Array.isArray(list)) cleaned[name] = list.map(cleanEdu);
  }
  return new TextEncoder().encode(JSON.stringify(cleaned));
}

function cleanEdu(edu: unknown): unknown {
  if (!isObject(edu) || edu["type"] !== "m.receipt") return edu;
  const content = Object.entries(objectOf(edu["content"])).map(([event, types]) => {
    const { [privateReceipt]: _, ...rest } = objectOf(types);
    return [event, rest] as const;
  });
  return { ...edu, content: Object.fromEntries(content) };
}
