import { membershipOf } from "./decode-member.ts";
import { isObject, objectOf, textOf, type JsonObject, type Membership, type WireEvent } from "./wire.ts";

/** A member of a room as its state shows it; absent fields were not said. */
export interface MemberInfo {
  readonly membership: Membership;
  readonly displayname?: string | null;
  readonly avatarUrl?: string | null;
}

/** Where a room comes from: decides who stands above every power level. */
export interface Origin {
  /** The sender of `m.room.create`, and from version 12 on its `additional_creators`. */
  readonly creators: readonly string[];
  readonly version: string;
}

/**
 * State of rooms that decides what may be done in them: members, power levels, creators, encryption. Fed by
 * transactions, by our own successful calls and by what was read; kept in the connection's store.
 */
export interface RoomState {
  member(room: string, user: string): Promise<MemberInfo | undefined>;
  setMember(room: string, user: string, member: MemberInfo | undefined): Promise<void>;
  levels(room: string): Promise<JsonObject | undefined>;
  setLevels(room: string, levels: JsonObject | undefined): Promise<void>;
  origin(room: string): Promise<Origin | undefined>;
  setOrigin(room: string, origin: Origin): Promise<void>;
  /** Whether the room said that it is encrypted. */
  encrypted(room: string): Promise<boolean>;
  setEncrypted(room: string): Promise<void>;
}

interface Values {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
}

const memberKey = (room: string, user: string): string => `who/${room}/${user}`;
const levelsKey = (room: string): string => `pl/${room}`;
const originKey = (room: string): string => `made/${room}`;
const encryptedKey = (room: string): string => `enc/${room}`;

export function createRoomState({ get, put }: Values): RoomState {
  return {
    member: async (room, user) => toMember(await get(memberKey(room, user))),
    setMember: (room, user, member) => put(memberKey(room, user), member),
    async levels(room) {
      const found = await get(levelsKey(room));
      return isObject(found) ? found : undefined;
    },
    setLevels: (room, levels) => put(levelsKey(room), levels),
    async origin(room) {
      const found = objectOf(await get(originKey(room)));
      return Array.isArray(found["creators"])
        ? { creators: found["creators"].map(String), version: String(found["version"]) }
        : undefined;
    },
    setOrigin: (room, origin) => put(originKey(room), origin),
    encrypted: async (room) => (await get(encryptedKey(room))) === true,
    setEncrypted: (room) => put(encryptedKey(room), true),
  };
}

/** What an event teaches about a room's state, as entries of the store. */
export function stateEntries(event: WireEvent): readonly (readonly [key: string, value: unknown])[] {
  const { type, room_id: room, state_key: key, content } = event;
  if (key === undefined) return [];
  if (type === "m.room.member") {
    const info = memberOf(content);
    return info === undefined ? [] : [[memberKey(room, key), info]];
  }
  if (key !== "") return [];
  if (type === "m.room.power_levels") return [[levelsKey(room), content]];
  if (type === "m.room.create") return [[originKey(room), originOf(event)]];
  return type === "m.room.encryption" ? [[encryptedKey(room), true]] : [];
}

/** Content of an `m.room.member`; `undefined` for a membership nobody knows. */
export function memberOf(content: JsonObject): MemberInfo | undefined {
  const membership = membershipOf(content["membership"]);
  if (membership === undefined) return undefined;
  return {
    membership,
    displayname: textOf(content["displayname"]) ?? null,
    avatarUrl: textOf(content["avatar_url"]) ?? null,
  };
}

/** @see https://spec.matrix.org/v1.19/rooms/v12/ */
export function originOf({ sender, content }: Pick<WireEvent, "sender" | "content">): Origin {
  const more = content["additional_creators"];
  return {
    creators: [sender, ...(Array.isArray(more) ? more.filter((user) => typeof user === "string") : [])],
    version: textOf(content["room_version"]) ?? "1",
  };
}

function toMember(value: unknown): MemberInfo | undefined {
  const found = objectOf(value);
  const membership = membershipOf(found["membership"]);
  if (membership === undefined) return undefined;
  const { displayname, avatarUrl } = found;
  return {
    membership,
    ...(displayname === undefined ? {} : { displayname: textOf(displayname) ?? null }),
    ...(avatarUrl === undefined ? {} : { avatarUrl: textOf(avatarUrl) ?? null }),
  };
}
