import { isObject, textOf, type JsonObject } from "../wire.ts";
import { canInChannel } from "./access.ts";
import { tellUser } from "./bots.ts";
import type { World } from "./model.ts";
import { channelJson, memberJson, serverJson, userJson } from "./shapes.ts";

/** The client's end of a socket, as the gateway sees it. */
export interface Peer {
  /** A text frame to the client. */
  send(text: string): void;
  /** Ends the connection without a close frame: the client sees 1006. */
  drop(): void;
}

/** The gateway's end of a socket. */
export interface Line {
  receive(text: string): void;
  /** The client has gone. */
  gone(): void;
}

interface Connected {
  readonly peer: Peer;
  user: string | null;
  token: string | null;
  deaf: boolean;
  mute: boolean;
}

export interface Gateway {
  connect(peer: Peer, url: URL): Line;
  /** Sockets of a user; of everybody without one. */
  cut(user?: string): void;
  /** From now on it answers pings, and no event goes out. */
  deafen(user: string): void;
  /** From now on it does not answer pings. */
  silence(user: string): void;
  /** Any text to a user's sockets: also what is no frame. */
  inject(user: string, text: string): void;
  count(user?: string): number;
}

export function createGateway(world: World): Gateway {
  const sockets = new Set<Connected>();
  const of = (user?: string): Connected[] => [...sockets].filter((one) => user === undefined || one.user === user);

  world.sent.emit = (users, frame) => {
    const hearers = new Set(users);
    const text = JSON.stringify(frame);
    for (const one of sockets) if (one.user !== null && hearers.has(one.user) && !one.deaf) one.peer.send(text);
  };
  world.sent.online = (user) => of(user).length > 0;
  world.sent.logout = (token) => {
    for (const one of of()) {
      if (one.token !== token) continue;
      one.peer.send(JSON.stringify({ type: "Logout" }));
      leave(one);
      one.peer.drop();
    }
  };

  function leave(one: Connected): void {
    if (!sockets.delete(one) || one.user === null || of(one.user).length > 0) return;
    tellUser(world, one.user, { online: false });
  }

  function authenticate(one: Connected, token: string): void {
    const bot = [...world.bots.values()].find((candidate) => candidate.token === token);
    const user = bot?._id ?? world.sessions.get(token)?.account;
    if (token === "" || user === undefined || !world.users.has(user)) {
      one.peer.send(JSON.stringify({ type: "Error", data: { type: "InvalidSession", location: "simulator:1:1" } }));
      sockets.delete(one);
      return one.peer.drop();
    }
    const first = of(user).length === 0;
    one.user = user;
    one.token = token;
    one.peer.send(JSON.stringify({ type: "Authenticated" }));
    one.peer.send(JSON.stringify(readyFor(world, user)));
    if (first) tellUser(world, user, { online: true });
    return undefined;
  }

  function handle(one: Connected, frame: JsonObject): void {
    const type = textOf(frame["type"]);
    if (one.user === null) {
      if (type === "Authenticate") authenticate(one, textOf(frame["token"]) ?? "");
      return;
    }
    if (type === "Ping" && typeof frame["data"] === "number" && !one.mute)
      one.peer.send(JSON.stringify({ type: "Pong", data: frame["data"] }));
    if (type === "BeginTyping" || type === "EndTyping") typing(one.user, type, textOf(frame["channel"]) ?? "");
  }

  function typing(user: string, type: string, id: string): void {
    const channel = world.channels.get(id);
    if (!channel || !canInChannel(world, channel, user, "ViewChannel")) return;
    const hearers = [...world.users.keys()].filter((other) => canInChannel(world, channel, other, "ViewChannel"));
    world.sent.emit(hearers, { type: type === "BeginTyping" ? "ChannelStartTyping" : "ChannelStopTyping", id, user });
  }

  return {
    connect(peer, url) {
      const one: Connected = { peer, user: null, token: null, deaf: false, mute: false };
      sockets.add(one);
      const token = url.searchParams.get("token");
      if (token !== null) authenticate(one, token);
      return {
        receive(text) {
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            return; // ignored, as the server does
          }
          if (isObject(json)) handle(one, json);
        },
        gone: () => leave(one),
      };
    },
    cut(user) {
      for (const one of of(user)) {
        leave(one);
        one.peer.drop();
      }
    },
    deafen: (user) => of(user).forEach((one) => (one.deaf = true)),
    silence: (user) => of(user).forEach((one) => (one.mute = true)),
    inject: (user, text) => of(user).forEach(({ peer }) => peer.send(text)),
    count: (user) => of(user).length,
  };
}

function readyFor(world: World, id: string): Record<string, unknown> {
  const servers = [...world.servers.values()].filter(({ members }) => members.has(id));
  const channels = [...world.channels.values()].filter((channel) => canInChannel(world, channel, id, "ViewChannel"));
  const met = new Set(channels.flatMap(({ recipients }) => recipients));
  for (const { members } of servers) for (const user of members.keys()) met.add(user);
  met.delete(id);
  const users = [...met, id].flatMap((one) => world.users.get(one) ?? []);
  return {
    type: "Ready",
    users: users.map((user) => userJson(world, user, id)),
    servers: servers.map(serverJson),
    channels: channels.map(channelJson),
    members: servers.flatMap(({ _id, members }) => {
      const own = members.get(id);
      return own ? [memberJson(_id, own)] : [];
    }),
    emojis: [],
    voice_states: [],
  };
}
