import type { Fields } from "../wire.ts";
import type { Broadcast, SimToken, World } from "./model.ts";

/** One end of an open WebSocket. */
export interface Wire {
  send(text: string): void;
  /** Without a close frame, as the server closes. */
  cut(): void;
  /** With an empty close frame, as the server ends who reads too slowly. */
  close(): void;
  /** Frames that were given and have not left. */
  waiting(): number;
}

interface Sent {
  readonly seq: number;
  readonly text: string;
}

interface Connection {
  readonly id: string;
  token: SimToken;
  seq: number;
  /** Null while nobody is connected. */
  wire: Wire | null;
  /** What was sent, for who comes back with an older seq, and what waits. */
  readonly sent: Sent[];
  waiting: Sent[];
  deaf: boolean;
}

/** Sockets of the server: sequence, resume, deafness. */
export interface Hub {
  tell(event: string, data: Fields, to: Broadcast): void;
  /** A connection with a good token; answers what hears its frames. */
  open(token: SimToken, query: URLSearchParams, wire: Wire): (text: string) => void;
  /** A connection without one: hears nothing until it is cut, but may log in by a frame. */
  openAnonymous(wire: Wire): (text: string) => void;
  closed(wire: Wire): void;
  /** Whether somebody logged in on it. */
  knows(wire: Wire): boolean;
  /** Looks which connections are no longer allowed: they stay open, and hear nothing any more. */
  refresh(): void;
  /** Breaks all sockets, or those of one user; they may be resumed. */
  cut(user?: string): void;
  /** The server is another process now: nothing can be resumed. */
  restart(): void;
  /** The next event of a user is counted and never sent. */
  dropNext(user: string): void;
  /** Sends this as it is. */
  raw(user: string, text: string): void;
  readonly count: () => number;
}

const mostWaiting = 256;
const mostSent = 128;

export function createHub(
  world: Pick<World, "newId" | "now" | "config">,
  valid: (token: SimToken) => boolean,
  members: (to: Broadcast) => ReadonlySet<string> | null,
  login: (secret: string) => SimToken | undefined,
): Hub {
  const connections = new Map<string, Connection>();
  const dropping = new Set<string>();

  const frame = (event: string, data: Fields, to: Broadcast, seq: number): string =>
    JSON.stringify({
      event,
      data,
      broadcast: {
        omit_users: to.omit === undefined ? null : { [to.omit]: true },
        user_id: to.user ?? "",
        channel_id: to.channel ?? "",
        team_id: to.team ?? "",
        connection_id: "",
        omit_connection_id: "",
      },
      seq,
    });

  function push(connection: Connection, event: string, data: Fields, to: Broadcast): void {
    if (connection.deaf) return;
    const seq = connection.seq++;
    const one = { seq, text: frame(event, data, to, seq) };
    if (connection.wire === null) {
      connection.waiting.push(one);
      // Nobody can go on with it any more.
      if (connection.waiting.length > mostWaiting) connections.delete(connection.id);
      return;
    }
    if (dropping.delete(connection.token.user_id)) return;
    // The queue of who reads too slowly is full: closed, and not resumable.
    if (connection.wire.waiting() >= mostWaiting) {
      connections.delete(connection.id);
      connection.wire.close();
      return;
    }
    connection.sent.push(one);
    if (connection.sent.length > mostSent) connection.sent.shift();
    connection.wire.send(one.text);
  }

  function hello(connection: Connection): void {
    push(
      connection,
      "hello",
      {
        connection_id: connection.id,
        server_hostname: "chat-host",
        server_version: `${world.config.version}..x.false`,
      },
      { user: connection.token.user_id },
    );
  }

  function fresh(token: SimToken, wire: Wire): Connection {
    const connection: Connection = { id: world.newId(), token, seq: 0, wire, sent: [], waiting: [], deaf: false };
    connections.set(connection.id, connection);
    hello(connection);
    return connection;
  }

  /** Goes on where the client says, if nothing in between is missing. */
  function resume(token: SimToken, query: URLSearchParams, wire: Wire): Connection | null {
    const found = connections.get(query.get("connection_id") ?? "");
    const from = Number(query.get("sequence_number"));
    if (!found || found.wire !== null || found.token.user_id !== token.user_id) return null;
    // Seen on 11.1.0: with a token that works again it goes on, and says nothing of what it did not hear.
    found.deaf = false;
    const kept = [...found.sent, ...found.waiting].filter(({ seq }) => seq >= from);
    const whole = from <= found.seq && kept.length === found.seq - from;
    if (!whole) {
      connections.delete(found.id);
      return null;
    }
    found.wire = wire;
    found.token = token;
    found.sent.push(...found.waiting);
    found.waiting = [];
    for (const { text } of kept) wire.send(text);
    return found;
  }

  const reply = (wire: Wire, seq: number, more: Fields): void =>
    wire.send(JSON.stringify({ ...more, ...(seq > 0 ? { seq_reply: seq } : {}) }));
  const fail = (wire: Wire, seq: number, id: string, status: number): void =>
    reply(wire, seq, { status: "FAIL", error: { id, message: id, detailed_error: "", status_code: status } });

  function act(connection: Connection, wire: Wire, text: string): void {
    let asked: { readonly seq?: number; readonly action?: string; readonly data?: Fields };
    try {
      asked = JSON.parse(text) as typeof asked;
    } catch {
      return wire.cut();
    }
    const { seq = 0, action = "", data = {} } = asked;
    if (action === "") return fail(wire, seq, "api.web_socket_router.no_action.app_error", 400);
    if (seq <= 0) return fail(wire, 0, "api.web_socket_router.bad_seq.app_error", 400);
    if (action === "authentication_challenge") {
      const token = login(String(data["token"]));
      if (!token) return wire.cut();
      if (!connection.deaf) return;
      connection.deaf = false;
      connection.token = token;
      hello(connection);
      return reply(wire, seq, { status: "OK" });
    }
    if (connection.deaf) return fail(wire, seq, "api.web_socket_router.not_authenticated.app_error", 401);
    if (action === "ping")
      return reply(wire, seq, {
        status: "OK",
        data: { node_id: "", server_time: world.now(), text: "pong", version: world.config.version },
      });
    if (action === "user_typing" && data["channel_id"] === undefined)
      return fail(wire, seq, "api.websocket_handler.invalid_param.app_error", 400);
    if (["user_typing", "user_update_active_status"].includes(action)) return reply(wire, seq, { status: "OK" });
    return fail(wire, seq, "api.web_socket_router.bad_action.app_error", 500);
  }

  return {
    tell(event, data, to) {
      const wanted = members(to);
      for (const connection of connections.values()) {
        const user = connection.token.user_id;
        if (user !== to.omit && (wanted === null || wanted.has(user))) push(connection, event, data, to);
      }
    },
    open(token, query, wire) {
      const connection = query.has("connection_id")
        ? (resume(token, query, wire) ?? fresh(token, wire))
        : fresh(token, wire);
      return (text) => act(connection, wire, text);
    },
    openAnonymous(wire) {
      let connection: Connection | null = null;
      return (text) => {
        if (connection) return act(connection, wire, text);
        const {
          action,
          seq = 0,
          data,
        } = JSON.parse(text) as { action?: string; seq?: number; data?: { token?: string } };
        if (action !== "authentication_challenge") return undefined;
        const token = login(data?.token ?? "");
        if (!token) return wire.cut();
        connection = fresh(token, wire);
        return reply(wire, seq, { status: "OK" });
      };
    },
    closed(wire) {
      for (const connection of connections.values()) if (connection.wire === wire) connection.wire = null;
    },
    knows: (wire) => [...connections.values()].some((connection) => connection.wire === wire),
    refresh() {
      for (const connection of connections.values()) if (!valid(connection.token)) connection.deaf = true;
    },
    cut(user) {
      for (const connection of connections.values())
        if (user === undefined || connection.token.user_id === user) connection.wire?.cut();
    },
    restart() {
      for (const connection of connections.values()) connection.wire?.cut();
      connections.clear();
    },
    dropNext: (user) => void dropping.add(user),
    raw(user, text) {
      for (const connection of connections.values()) if (connection.token.user_id === user) connection.wire?.send(text);
    },
    count: () => [...connections.values()].filter(({ wire }) => wire !== null).length,
  };
}
