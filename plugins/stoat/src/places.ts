import type { EventRoom, Room } from "@botyard/sdk";
import {
  listOf,
  objectOf,
  textOf,
  type WireChannel,
  type WireFrame,
  type WireReady,
  type WireServer,
  type WireUser,
} from "./wire.ts";
import { isChannel, isServer, isUser } from "./wire-checks.ts";

/** A user as far as events name them. */
export interface Known {
  readonly name: string;
  readonly handle: string;
  readonly bot: boolean;
}

/** Servers, channels and people one credential sees: what `Ready` said, and every frame since. */
export interface Places {
  /** The user the credential belongs to; null before `Ready`. */
  readonly self: WireUser | null;
  load(ready: WireReady): void;
  /** Keeps up with a frame. Call after it was decoded: what it takes away is still known then. */
  apply(frame: WireFrame): void;
  meet(user: unknown): void;
  user(id: string): Known | undefined;
  server(id: string): WireServer | undefined;
  channel(id: string): WireChannel | undefined;
  servers(): readonly WireServer[];
  channels(): readonly WireChannel[];
  eventRoom(id: string): EventRoom;
  rooms(): readonly Room[];
  /** The id behind `community`, `community:general`; null for none, or several of that name. */
  find(handle: string): string | null;
  room(of: WireServer | WireChannel): Room;
}

export function createPlaces(): Places {
  const servers = new Map<string, WireServer>();
  const channels = new Map<string, WireChannel>();
  const users = new Map<string, Known>();
  let self: WireUser | null = null;
  let handles: Map<string, readonly string[]> | null = null;
  /** Rooms as events show them: most frames are about the same few. */
  const shown = new Map<string, EventRoom>();

  function changed(): void {
    handles = null;
    shown.clear();
  }

  function putServer(server: WireServer): void {
    servers.set(server._id, {
      ...server,
      channels: (server.channels ?? []).map((of) => (isChannel(of) ? of._id : of)),
    });
    changed();
  }

  function putChannel(channel: WireChannel): void {
    channels.set(channel._id, channel);
    const server = channel.server === undefined ? undefined : servers.get(channel.server);
    if (server && !server.channels?.includes(channel._id))
      servers.set(server._id, { ...server, channels: [...(server.channels ?? []), channel._id] });
    changed();
  }

  function dropServer(id: string): void {
    servers.delete(id);
    for (const [key, { server }] of channels) if (server === id) channels.delete(key);
    changed();
  }

  function meet(user: unknown): void {
    if (!isUser(user)) return;
    users.set(user._id, {
      name: user.display_name ?? user.username,
      handle: user.username,
      bot: user.bot !== undefined && user.bot !== null,
    });
  }

  /** Handles as they are typed, and how many things bear each. */
  function byHandle(): Map<string, readonly string[]> {
    if (handles) return handles;
    const found = new Map<string, readonly string[]>();
    const add = (handle: string | undefined, id: string): void => {
      if (handle !== undefined) found.set(handle, [...(found.get(handle) ?? []), id]);
    };
    for (const server of servers.values()) add(slug(server.name), server._id);
    for (const channel of channels.values()) add(handleOfChannel(channel), channel._id);
    handles = found;
    return found;
  }

  function handleOfChannel({ channel_type, name = "", server }: WireChannel): string | undefined {
    const parent = server === undefined ? undefined : servers.get(server);
    if (parent) return `${slug(parent.name)}:${slug(name)}`;
    return channel_type === "Group" ? slug(name) : undefined;
  }

  function unique(handle: string | undefined): { readonly handle?: string } {
    return handle !== undefined && byHandle().get(handle)?.length === 1 ? { handle } : {};
  }

  function room(of: WireServer | WireChannel): Room {
    if (!isChannel(of)) {
      const known = servers.has(of._id) ? unique(slug(of.name)) : {};
      return {
        id: of._id,
        kind: "space",
        name: of.name,
        ...known,
        ...(of.description ? { topic: of.description } : {}),
        ...(of.approximate_member_count === undefined ? {} : { members: of.approximate_member_count }),
      };
    }
    return {
      id: of._id,
      kind: kindOf(of),
      name: nameOf(of),
      ...(channels.has(of._id) ? unique(handleOfChannel(of)) : {}),
      ...(of.server === undefined ? {} : { parent: of.server }),
      ...(of.description ? { topic: of.description } : {}),
      ...(of.recipients === undefined ? {} : { members: of.recipients.length }),
    };
  }

  function nameOf({ name, channel_type, recipients }: WireChannel): string | null {
    if (name !== undefined) return name;
    if (channel_type === "SavedMessages") return "Saved messages";
    const other = recipients?.find((id) => id !== self?._id);
    return other === undefined ? null : (users.get(other)?.name ?? null);
  }

  return {
    get self() {
      return self;
    },
    load(ready) {
      servers.clear();
      channels.clear();
      changed();
      for (const server of listOf(ready.servers)) if (isServer(server)) putServer(server);
      for (const channel of listOf(ready.channels)) if (isChannel(channel)) putChannel(channel);
      for (const user of listOf(ready.users)) {
        meet(user);
        if (isUser(user) && user.relationship === "User") self = user;
      }
    },
    meet,
    apply(frame) {
      const id = textOf(frame["id"]);
      switch (frame.type) {
        case "Message":
          return meet(frame["user"]);
        case "ServerCreate":
          if (isServer(frame["server"])) putServer(frame["server"]);
          for (const channel of listOf(frame["channels"])) if (isChannel(channel)) putChannel(channel);
          return undefined;
        case "ServerUpdate":
          return patched(servers, id, frame, changed);
        case "ServerDelete":
          return id === undefined ? undefined : dropServer(id);
        case "ServerMemberLeave":
          return id !== undefined && frame["user"] === self?._id ? dropServer(id) : undefined;
        case "ChannelCreate":
          return isChannel(frame) ? putChannel(withoutType(frame)) : undefined;
        case "ChannelUpdate":
          return patched(channels, id, frame, changed);
        case "ChannelDelete":
          if (id !== undefined) channels.delete(id);
          return changed();
        case "ChannelGroupLeave":
          if (id !== undefined && frame["user"] === self?._id) channels.delete(id);
          return changed();
        case "UserUpdate": {
          const known = id === undefined ? undefined : users.get(id);
          const { username, display_name } = objectOf(frame["data"]);
          if (id !== undefined && known)
            users.set(id, {
              ...known,
              handle: textOf(username) ?? known.handle,
              name:
                textOf(display_name) ?? (known.name === known.handle ? (textOf(username) ?? known.name) : known.name),
            });
          return undefined;
        }
        default:
          return undefined;
      }
    },
    user: (id) => users.get(id),
    server: (id) => servers.get(id),
    channel: (id) => channels.get(id),
    servers: () => [...servers.values()],
    channels: () => [...channels.values()],
    eventRoom(id) {
      const before = shown.get(id);
      if (before) return before;
      const found = channels.get(id) ?? servers.get(id);
      if (!found) return { id };
      const { kind, handle, name, parent } = room(found);
      const made: EventRoom = {
        id,
        kind,
        name,
        ...(handle === undefined ? {} : { handle }),
        ...(parent === undefined ? {} : { parent }),
      };
      // A direct room is named after the other person, whose name may change at any time.
      if (found.name !== undefined) shown.set(id, made);
      return made;
    },
    rooms: () => [...servers.values(), ...channels.values()].map(room),
    find(handle) {
      const found = byHandle().get(handle.toLowerCase()) ?? [];
      return found.length === 1 ? (found[0] ?? null) : null;
    },
    room,
  };
}

function patched<T extends WireServer | WireChannel>(
  all: Map<string, T>,
  id: string | undefined,
  frame: WireFrame,
  changed: () => void,
): void {
  const before = id === undefined ? undefined : all.get(id);
  if (id === undefined || before === undefined) return;
  const cleared = new Set(listOf(frame["clear"]).map((name) => String(name).toLowerCase()));
  const kept = Object.entries({ ...before, ...objectOf(frame["data"]) }).filter(
    ([name]) => !cleared.has(name.replaceAll("_", "")),
  );
  const merged: unknown = Object.fromEntries(kept);
  if (isWholeAs(before, merged)) all.set(id, merged);
  changed();
}

/** A change of the wrong kind is none. */
function isWholeAs<T extends WireServer | WireChannel>(before: T, merged: unknown): merged is T {
  return isChannel(before) ? isChannel(merged) : isServer(merged);
}

function withoutType(frame: WireFrame & WireChannel): WireChannel {
  const { type: _, ...channel } = frame;
  return channel as unknown as WireChannel;
}

export function kindOf({ channel_type }: WireChannel): Room["kind"] {
  if (channel_type === "Group") return "group";
  return channel_type === "DirectMessage" || channel_type === "SavedMessages" ? "direct" : "channel";
}

/** A name as a person types it: `Off Topic` → `off-topic`. Letters of any script stay. */
function slug(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_.-]+/gu, "-")
    .replace(/^[-.]+|-+$/g, "");
}
