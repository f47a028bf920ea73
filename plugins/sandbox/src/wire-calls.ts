import type {
  WireBot,
  WireFile,
  WireMarkup,
  WireMember,
  WireMention,
  WireMessage,
  WirePost,
  WirePresence,
  WireRoom,
  WireRoomType,
  WireUser,
} from "./wire.ts";

/** Who calls. The console is the machine the server runs on. */
export type WireAuth =
  | { readonly kind: "console" }
  | { readonly kind: "owner-session"; readonly token: string }
  | { readonly kind: "bot"; readonly token: string }
  | { readonly kind: "account"; readonly token: string }
  | { readonly kind: "ghost"; readonly user_id: string };

interface Call<Args, Answer> {
  readonly args: Args;
  readonly answer: Answer;
}
interface None {}
interface Page {
  readonly limit?: number;
  readonly before?: string;
}
interface InMessage {
  readonly room_id: string;
  readonly message_id: string;
}
interface InMember {
  readonly room_id: string;
  readonly user_id: string;
}

/** Everything the server can be asked. */
export interface Calls {
  readonly "server.info": Call<None, { readonly name: string; readonly version: string }>;
  readonly "session.open": Call<
    { readonly user_name: string; readonly password: string },
    { readonly session: string }
  >;
  readonly "session.check": Call<None, { readonly user: WireUser | null }>;
  readonly "bot.list": Call<None, { readonly bots: readonly WireBot[] }>;
  readonly "bot.create": Call<
    {
      readonly user_name: string;
      readonly full_name: string | null;
      readonly about: string | null;
      readonly badge: string | null;
    },
    { readonly bot: WireBot; readonly token: string }
  >;
  readonly "bot.change": Call<
    {
      readonly bot_id: string;
      readonly user_name?: string;
      readonly full_name?: string | null;
      readonly about?: string | null;
      readonly active?: boolean;
    },
    { readonly bot: WireBot }
  >;
  readonly "bot.destroy": Call<{ readonly bot_id: string }, None>;
  readonly "icon.put": Call<
    { readonly bot_id: string; readonly mime: string; readonly body: ReadableStream<Uint8Array> },
    { readonly mime: string; readonly bytes: number }
  >;
  readonly "icon.get": Call<
    { readonly bot_id: string },
    { readonly mime: string; readonly bytes: number; readonly body: ReadableStream<Uint8Array> }
  >;
  readonly "icon.drop": Call<{ readonly bot_id: string }, None>;
  readonly "bot.assign": Call<{ readonly bot_id: string; readonly owner_id: string }, { readonly bot: WireBot }>;
  readonly "bot.retire": Call<{ readonly bot_id: string; readonly password: string }, { readonly user: WireUser }>;
  readonly "bot.recruit": Call<{ readonly user_id: string }, { readonly bot: WireBot; readonly token: string }>;
  readonly "token.issue": Call<{ readonly bot_id: string; readonly replace: boolean }, { readonly token: string }>;
  readonly "token.switch": Call<{ readonly bot_id: string; readonly on: boolean }, None>;
  readonly "token.revoke": Call<{ readonly bot_id: string }, { readonly revoked: number }>;
  readonly "room.list": Call<Page, { readonly rooms: readonly WireRoom[]; readonly next: string | null }>;
  readonly "room.get": Call<{ readonly room_id: string }, { readonly room: WireRoom }>;
  readonly "room.create": Call<
    {
      readonly title: string;
      readonly room_type: WireRoomType;
      readonly space_id: string | null;
      readonly topic: string | null;
      readonly is_open: boolean;
      readonly invite: readonly string[];
    },
    { readonly room: WireRoom }
  >;
  readonly "room.change": Call<
    { readonly room_id: string; readonly title?: string; readonly topic?: string | null },
    { readonly room: WireRoom }
  >;
  readonly "room.direct": Call<{ readonly user_id: string }, { readonly room: WireRoom }>;
  readonly "member.list": Call<{ readonly room_id: string }, { readonly members: readonly WireMember[] }>;
  readonly "member.put": Call<
    InMember,
    { readonly member: WireMember; readonly entered: readonly string[]; readonly joined: boolean }
  >;
  readonly "member.drop": Call<
    InMember & { readonly ban: boolean },
    { readonly member: WireMember; readonly left: boolean }
  >;
  readonly "member.pardon": Call<InMember, { readonly member: WireMember }>;
  readonly "message.post": Call<WirePost, { readonly message_id: string | null; readonly sent_at: string | null }>;
  readonly "message.edit": Call<
    InMessage & { readonly body: string; readonly markup: WireMarkup; readonly mentions: readonly WireMention[] },
    { readonly message: WireMessage }
  >;
  readonly "message.remove": Call<InMessage, None>;
  readonly "message.seen": Call<InMessage, None>;
  readonly "pin.put": Call<InMessage, { readonly changed: boolean }>;
  readonly "pin.drop": Call<InMessage, { readonly changed: boolean }>;
  readonly "pin.list": Call<{ readonly room_id: string }, { readonly messages: readonly WireMessage[] }>;
  readonly "message.get": Call<InMessage, { readonly message: WireMessage }>;
  readonly "message.page": Call<
    { readonly room_id: string } & Page,
    { readonly messages: readonly WireMessage[]; readonly next: string | null }
  >;
  readonly "reaction.put": Call<InMessage & { readonly emoji: string }, { readonly changed: boolean }>;
  readonly "reaction.drop": Call<InMessage & { readonly emoji: string }, { readonly changed: boolean }>;
  readonly "reaction.list": Call<
    InMessage,
    { readonly reactions: readonly { readonly emoji: string; readonly user_ids: readonly string[] }[] }
  >;
  readonly "file.put": Call<
    {
      readonly room_id: string | null;
      readonly file_name: string;
      readonly mime: string;
      readonly body: ReadableStream<Uint8Array>;
    },
    { readonly file: WireFile }
  >;
  readonly "file.get": Call<
    { readonly file_id: string },
    { readonly file: WireFile; readonly body: ReadableStream<Uint8Array> }
  >;
  readonly "typing.put": Call<{ readonly room_id: string; readonly typing: boolean; readonly for_ms: number }, None>;
  readonly "presence.put": Call<WirePresence, None>;
  readonly "presence.get": Call<{ readonly user_id: string }, WirePresence>;
  readonly "user.list": Call<
    Page & { readonly search?: string },
    { readonly users: readonly WireUser[]; readonly next: string | null }
  >;
  readonly "user.get": Call<{ readonly user_id: string }, { readonly user: WireUser }>;
  readonly "user.ensure": Call<{ readonly user_id: string }, { readonly user: WireUser; readonly made: boolean }>;
}
export type CallName = keyof Calls;

/** A refusal, as the server spells it. */
export interface WireError {
  readonly status: number;
  /** `not_a_member`, `duplicate_reference`. */
  readonly code: string;
  readonly text: string;
  readonly retry_after_ms?: number;
}

export type WireAnswer<K extends CallName> =
  | { readonly ok: true; readonly body: Calls[K]["answer"] }
  | { readonly ok: false; readonly error: WireError }
  /** The connection broke after the request had left. */
  | { readonly ok: null };
