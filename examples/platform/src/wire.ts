/** Shapes and spelling of the server's API. Nothing outside `api.ts`, `encode.ts`, `decode.ts` and the simulator knows them. */

export interface WireServer {
  readonly server_name: string;
  readonly version: string;
}

export interface WireBot {
  readonly bot_id: string;
  readonly user_name: string;
  readonly full_name: string | null;
  readonly about: string | null;
}

/** The only answer that carries the key. */
export interface WireNewBot extends WireBot {
  readonly bot_key: string;
}

export interface WireRoom {
  readonly room_id: string;
  readonly title: string;
}

export interface WireMember {
  readonly user_id: string;
  readonly user_name: string;
  readonly is_bot: boolean;
}

export interface WirePost {
  readonly body: string;
  /** The same key again answers the first message again. */
  readonly post_key: string;
}

/** `@name` in a body; counted in UTF-16 units. */
export interface WireMention {
  readonly user_id: string;
  readonly at: number;
  readonly len: number;
}

export interface WireMessage {
  readonly message_id: string;
  readonly room_id: string;
  readonly author: WireMember;
  readonly body: string;
  readonly mentions: readonly WireMention[];
  readonly post_key: string | null;
  /** ISO 8601. */
  readonly sent_at: string;
}

/** Counted without holes, kept for as long as the server lives. */
export interface WireUpdate {
  readonly seq: number;
  readonly kind: string;
  readonly message?: WireMessage;
}

export interface WireUpdates {
  readonly updates: readonly WireUpdate[];
  /** Where to go on. */
  readonly last: number;
}

/** A refusal: `{ "error": "no_such_room", "text": "…" }`. */
export interface WireError {
  readonly error: string;
  readonly text: string;
}
