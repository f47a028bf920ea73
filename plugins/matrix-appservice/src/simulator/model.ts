import type { Registration } from "../registration.ts";
import type { JsonObject, Membership, WireEvent } from "../wire.ts";
import type { Dialect } from "./dialect.ts";

/** An application service as its homeserver knows it. */
export interface SimService {
  readonly registration: Registration;
  /** `io.element.msc4190`: registering without `inhibit_login` is refused after it was done. */
  readonly msc4190: boolean;
  readonly interested: (userId: string) => boolean;
}

export interface SimAccount {
  readonly id: string;
  /** Profile fields beyond name and picture. */
  readonly fields: Map<string, unknown>;
  password: string | undefined;
  displayname: string | undefined;
  avatarUrl: string | undefined;
  deactivated: boolean;
}

export interface SimEvent extends WireEvent {
  /** Place in the order of everything that happened on this server. */
  readonly stream: number;
  readonly transactionId?: string;
  readonly device?: string;
  redactedBy?: SimEvent;
}

export interface SimRoom {
  readonly id: string;
  readonly version: string;
  readonly creator: string;
  readonly events: SimEvent[];
  /** By `stateKey(type, key)`. */
  readonly state: Map<string, SimEvent>;
}

/** Who a request acts for. */
export interface Requester {
  readonly user: string;
  readonly service?: SimService;
  readonly device?: string;
}

export interface SimMedia {
  readonly id: string;
  readonly type: string;
  readonly name: string | undefined;
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
}

/** What a homeserver stand-in remembers. */
export interface World {
  readonly serverName: string;
  readonly services: readonly SimService[];
  readonly accounts: Map<string, SimAccount>;
  /** Access tokens of humans. */
  readonly tokens: Map<string, { readonly user: string; readonly device: string }>;
  readonly rooms: Map<string, SimRoom>;
  readonly aliases: Map<string, string>;
  readonly media: Map<string, SimMedia>;
  /** (path, application service or device) → answer: the trap of transaction ids. */
  readonly sent: Map<string, Promise<SimEvent>>;
  /** Who types, by room. */
  readonly typing: Map<string, Set<string>>;
  readonly presence: Map<
    string,
    { readonly presence: string; readonly status: string | undefined; readonly at: number }
  >;
  /** By user and type. */
  readonly accountData: Map<string, JsonObject>;
  /** Rooms of the public directory. */
  readonly published: Set<string>;
  /** Metadata of third-party protocols, by registration. */
  readonly protocols: Map<string, JsonObject | undefined>;
  /** Media ids that were given out and wait for their content. */
  readonly promised: Set<string>;
  readonly maxUploadBytes: number;
  readonly dialect: Dialect;
  readonly now: () => number;
  stream: number;
  readonly nextId: (length: number) => string;
  /** Called for every new event, before the request that made it is answered. */
  readonly onEvent: (room: SimRoom, event: SimEvent) => void;
  /** Called for what is not kept: about a room, or about a user. */
  readonly onEdu: (change: { readonly edu: JsonObject; readonly room?: SimRoom; readonly user?: string }) => void;
  /** Asks an application service; `undefined` where it does not answer. */
  readonly ask: (
    service: SimService,
    method: "GET" | "POST",
    path: string,
    body?: JsonObject,
  ) => Promise<Response | undefined>;
}

/** A refusal, as the server words it. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: JsonObject, headers: Readonly<Record<string, string>> = {}) {
    super(typeof body["error"] === "string" ? body["error"] : String(status));
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export function refuse(status: number, errcode: string, error: string, more: JsonObject = {}): never {
  throw new Refusal(status, { errcode, error, ...more });
}

export const stateKey = (type: string, key: string): string => `${type}\u0000${key}`;

export function stateOf(room: SimRoom, type: string, key = ""): SimEvent | undefined {
  return room.state.get(stateKey(type, key));
}

export function membershipIn(room: SimRoom, user: string): Membership | undefined {
  return stateOf(room, "m.room.member", user)?.content["membership"] as Membership | undefined;
}

export function membersOf(room: SimRoom, membership: Membership): SimEvent[] {
  return [...room.state.values()].filter(
    (event) => event.type === "m.room.member" && event.content["membership"] === membership,
  );
}

/** Room state as it was after the event at this place in the stream. */
export function stateAt(room: SimRoom, stream: number): Map<string, SimEvent> {
  const state = new Map<string, SimEvent>();
  for (const event of room.events) {
    if (event.stream > stream) break;
    if (event.state_key !== undefined) state.set(stateKey(event.type, event.state_key), event);
  }
  return state;
}

/** State an invite shows to who is not in the room. */
const stripped = [
  "m.room.create",
  "m.room.join_rules",
  "m.room.canonical_alias",
  "m.room.name",
  "m.room.avatar",
  "m.room.topic",
  "m.room.encryption",
];

export function strippedState(room: SimRoom, sender: string): JsonObject[] {
  const events = [...stripped.map((type) => stateOf(room, type)), stateOf(room, "m.room.member", sender)];
  return events.flatMap((event) =>
    event === undefined
      ? []
      : [{ content: event.content, sender: event.sender, state_key: event.state_key ?? "", type: event.type }],
  );
}

/** What is written into a room; id, time and place are added. */
export interface Draft {
  readonly type: string;
  readonly sender: string;
  readonly content: JsonObject;
  readonly stateKey?: string;
  readonly ts?: number | undefined;
  readonly redacts?: string;
  readonly transactionId?: string;
  readonly device?: string | undefined;
}

/** Adds an event to a room: every change goes through here. */
export function append(world: World, room: SimRoom, draft: Draft, eventId = `$${world.nextId(43)}`): SimEvent {
  const before = draft.stateKey === undefined ? undefined : stateOf(room, draft.type, draft.stateKey);
  const invite = draft.type === "m.room.member" && draft.content["membership"] === "invite";
  world.stream += 1;
  const event: SimEvent = {
    type: draft.type,
    event_id: eventId,
    room_id: room.id,
    sender: draft.sender,
    origin_server_ts: draft.ts ?? world.now(),
    content: draft.content,
    stream: world.stream,
    unsigned: {
      ...(before === undefined
        ? {}
        : { prev_content: before.content, prev_sender: before.sender, replaces_state: before.event_id }),
      ...(invite ? { invite_room_state: strippedState(room, draft.sender) } : {}),
    },
    ...(draft.stateKey === undefined ? {} : { state_key: draft.stateKey }),
    ...(draft.redacts === undefined ? {} : { redacts: draft.redacts }),
    ...(draft.transactionId === undefined ? {} : { transactionId: draft.transactionId }),
    ...(draft.device === undefined ? {} : { device: draft.device }),
  };
  room.events.push(event);
  if (event.state_key !== undefined) room.state.set(stateKey(event.type, event.state_key), event);
  world.onEvent(room, event);
  return event;
}
