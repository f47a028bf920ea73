/** A person with an ordinary Matrix client: plain client-server calls, nothing of Botyard. */
export interface Human {
  readonly userId: string;
  /** Makes an invite-only room. */
  createRoom(name: string): Promise<string>;
  invite(room: string, userId: string): Promise<void>;
  leave(room: string): Promise<void>;
  /**
   * Sends a text; the answer means that the homeserver has it. `txnId` makes a repeat harmless:
   * the same id gives the first event again.
   */
  send(room: string, text: string, txnId: string): Promise<string>;
  /** Every event of the room the person may see, oldest first, from `/messages`. */
  history(room: string): Promise<RoomEvent[]>;
  /** New events of a room since `since` (from the start where absent), from `/sync`. */
  sync(room: string, since: string | undefined, waitMs: number): Promise<Synced>;
  /** Membership of each user the room knows, such as `invite` or `join`. */
  members(room: string): Promise<ReadonlyMap<string, string>>;
}

/** What the live run reads of an event of the client-server API. */
export interface RoomEvent {
  readonly event_id: string;
  readonly type: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** One answer of `/sync`, for one room. */
export interface Synced {
  readonly next: string;
  readonly events: readonly RoomEvent[];
}

/**
 * Registers a person with `m.login.dummy`.
 * @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register
 */
export async function createHuman(url: string, name: string): Promise<Human> {
  const account = { username: name, password: `${name}-password` };
  const offer = await ask<{ session: string }>(url, undefined, "POST", "/register", account, 401);
  const auth = { type: "m.login.dummy", session: offer.session };
  const made = await ask<{ user_id: string; access_token: string }>(url, undefined, "POST", "/register", {
    ...account,
    auth,
  });
  const call = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    ask<T>(url, made.access_token, method, path, body);

  return {
    userId: made.user_id,
    async createRoom(title) {
      const room = { preset: "private_chat", name: title };
      return (await call<{ room_id: string }>("POST", "/createRoom", room)).room_id;
    },
    async invite(room, userId) {
      await call("POST", `/rooms/${part(room)}/invite`, { user_id: userId });
    },
    async leave(room) {
      await call("POST", `/rooms/${part(room)}/leave`, {});
    },
    async send(room, text, txnId) {
      const path = `/rooms/${part(room)}/send/m.room.message/${part(txnId)}`;
      const content = { msgtype: "m.text", body: text };
      return (await call<{ event_id: string }>("PUT", path, content)).event_id;
    },
    async history(room) {
      const events: RoomEvent[] = [];
      for (let from: string | undefined; ;) {
        const query = new URLSearchParams({ dir: "f", limit: "100", ...(from ? { from } : {}) });
        const path = `/rooms/${part(room)}/messages?${query}`;
        const page = await call<{ chunk: RoomEvent[]; end?: string }>("GET", path);
        events.push(...page.chunk);
        if (!page.end || page.end === from) return events;
        from = page.end;
      }
    },
    async sync(room, since, waitMs) {
      const query = new URLSearchParams({ timeout: String(waitMs), ...(since ? { since } : {}) });
      const answer = await call<SyncAnswer>("GET", `/sync?${query}`);
      return { next: answer.next_batch, events: answer.rooms?.join?.[room]?.timeline?.events ?? [] };
    },
    async members(room) {
      const path = `/rooms/${part(room)}/members`;
      const { chunk } = await call<{ chunk: MemberEvent[] }>("GET", path);
      return new Map(chunk.map((event) => [event.state_key, event.content.membership]));
    },
  };
}

interface SyncAnswer {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Readonly<Record<string, { readonly timeline?: { readonly events: RoomEvent[] } }>>;
  };
}

interface MemberEvent {
  readonly state_key: string;
  readonly content: { readonly membership: string };
}

async function ask<T>(
  url: string,
  token: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  expected = 200,
): Promise<T> {
  const response = await fetch(`${url}/_matrix/client/v3${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  if (response.status !== expected) {
    throw new Error(`homeserver: ${method} ${path.split("?")[0]} answered ${response.status} ${text.slice(0, 300)}`);
  }
  return JSON.parse(text) as T;
}

function part(id: string): string {
  return encodeURIComponent(id);
}
