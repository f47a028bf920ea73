import type { Decoded } from "./decode.ts";
import { memberships, objectOf, textOf, type Membership, type WireEvent } from "./wire.ts";

type State = NonNullable<Decoded["member"]>["membership"];

/** A membership change as a neutral kind and what the member is now. */
interface Transition {
  readonly type: Decoded["type"];
  readonly membership: State;
}

/**
 * Kinds of membership changes. A leave is a kick only where another user ended a join: a withdrawn invite and a lifted
 * ban leave nobody out who was in.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-membership
 */
export function transitionOf(now: Membership, before: Membership | undefined, bySelf: boolean): Transition {
  switch (now) {
    case "join":
      // A join of who is joined is a change of name or picture.
      return { type: before === "join" ? "platform.unknown" : "member.joined", membership: "joined" };
    case "invite":
      return { type: "member.invited", membership: "invited" };
    case "ban":
      return { type: before === "ban" ? "platform.unknown" : "member.banned", membership: "banned" };
    case "knock":
      return { type: "platform.unknown", membership: "knocking" };
    case "leave":
      return !bySelf && before === "join"
        ? { type: "member.kicked", membership: "kicked" }
        : { type: "member.left", membership: "left" };
  }
}

export function membershipOf(value: unknown): Membership | undefined {
  return memberships.find((name) => name === value);
}

/** Decodes `m.room.member`; `undefined` for other events and for a membership nobody knows. */
export function decodeMember(event: WireEvent, known: Omit<Decoded, "type">): Decoded | undefined {
  const { state_key: user, content } = event;
  const now = membershipOf(content["membership"]);
  if (event.type !== "m.room.member" || user === undefined || now === undefined) return undefined;
  const before = objectOf(objectOf(event.unsigned)["prev_content"]);
  const { type, membership } = transitionOf(now, membershipOf(before["membership"]), event.sender === user);
  const name =
    textOf(content["displayname"]) ??
    (now === "leave" || now === "ban" ? textOf(before["displayname"]) : undefined) ??
    null;
  return {
    type,
    ...known,
    room: { ...known.room, ...invitedRoom(event) },
    member: { user, name, membership },
    native: type === "platform.unknown" ? { ...known.native, content } : known.native,
  };
}

/** The name an invite shows, from its stripped state. */
function invitedRoom(event: WireEvent): { name?: string } {
  const state = objectOf(event.unsigned)["invite_room_state"];
  const entries: readonly unknown[] = Array.isArray(state) ? state : [];
  const name = entries.map(objectOf).find((entry) => entry["type"] === "m.room.name");
  const text = textOf(objectOf(name?.["content"])["name"]);
  return text === undefined ? {} : { name: text };
}
