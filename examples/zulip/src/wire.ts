// Shapes and spelling of Zulip's REST API (zerver/openapi/zulip.yaml of Zulip 11). Nothing outside api.ts, encode.ts,
// decode.ts and the simulator knows them.

/** Every answer. A refusal has `code`, and `msg` in the language of who asked. */
export interface WireRefusal {
  readonly result: "error";
  readonly msg: string;
  readonly code?: string;
  /** Of `RATE_LIMIT_HIT`: seconds, with a fraction. */
  readonly "retry-after"?: number;
}

/** `GET /server_settings` */
export interface WireServer {
  readonly zulip_version: string;
  readonly zulip_feature_level?: number;
  readonly realm_name?: string;
}

/** `GET /users`, `GET /users/{id}`, `GET /users/me` */
export interface WireUser {
  readonly user_id: number;
  readonly email: string;
  readonly full_name: string;
  readonly is_active: boolean;
  readonly is_bot: boolean;
  readonly is_admin: boolean;
  readonly bot_type?: number | null;
  readonly bot_owner_id?: number | null;
  /** Below the server for a picture that was uploaded, elsewhere for one that was made up. */
  readonly avatar_url?: string | null;
}

/** `POST /bots`. The only answer with both. */
export interface WireNewBot {
  readonly user_id: number;
  readonly api_key: string;
}

export interface WireStream {
  readonly stream_id: number;
  readonly name: string;
  readonly description: string;
  readonly invite_only: boolean;
}

export interface WireTopic {
  readonly name: string;
  readonly max_id: number;
}

/** `POST /users/me/subscriptions`: names of channels by user. */
export interface WireSubscribed {
  readonly subscribed: Readonly<Record<string, readonly string[]>>;
  readonly already_subscribed: Readonly<Record<string, readonly string[]>>;
}

export interface WireUnsubscribed {
  readonly removed: readonly string[];
  readonly not_removed: readonly string[];
}

export interface WireReaction {
  readonly emoji_name: string;
  /** `1f44d`; without any `fe0f`. Of a custom emoji: its id. */
  readonly emoji_code: string;
  readonly reaction_type: "unicode_emoji" | "realm_emoji" | "zulip_extra_emoji";
  readonly user_id: number;
}

export interface WireRecipient {
  readonly id: number;
  readonly full_name: string;
  readonly email: string;
}

export interface WireMessage {
  readonly id: number;
  readonly sender_id: number;
  readonly sender_full_name: string;
  readonly sender_email: string;
  /** Markdown, because we ask with `apply_markdown=false`. */
  readonly content: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly type: "stream" | "private";
  /** The channel's name, or everybody of a direct message, the sender included. */
  readonly display_recipient: string | readonly WireRecipient[];
  readonly stream_id?: number;
  /** The topic. */
  readonly subject: string;
  readonly last_edit_timestamp?: number;
  readonly reactions: readonly WireReaction[];
}

export interface WireMessages {
  /** Oldest first. */
  readonly messages: readonly WireMessage[];
  readonly found_newest: boolean;
  readonly found_oldest: boolean;
}

/** `POST /register`, with what `fetch_event_types` asked for. */
export interface WireQueue {
  readonly queue_id: string;
  readonly last_event_id: number;
  readonly event_queue_longpoll_timeout_seconds?: number;
  /** The newest message the user has received; -1 for none. */
  readonly max_message_id?: number;
  readonly max_message_length?: number;
  readonly server_emoji_data_url?: string;
}

export type WireEvent = { readonly id: number } & (
  | { readonly type: "heartbeat" }
  | {
      readonly type: "message";
      readonly message: WireMessage;
      readonly flags: readonly string[];
      /** `local_id` of the send, in the queue that was named with it and nowhere else. */
      readonly local_message_id?: string;
    }
  | {
      readonly type: "update_message";
      readonly message_id: number;
      readonly user_id: number | null;
      readonly rendering_only: boolean;
      readonly edit_timestamp: number;
      readonly stream_id?: number;
      readonly stream_name?: string;
      readonly orig_content?: string;
      readonly content?: string;
    }
  | {
      readonly type: "delete_message";
      readonly message_ids: readonly number[];
      readonly message_type: "stream" | "private";
      readonly stream_id?: number;
      readonly topic?: string;
    }
  | ({ readonly type: "reaction"; readonly op: "add" | "remove"; readonly message_id: number } & WireReaction)
  | {
      readonly type: "typing";
      readonly op: "start" | "stop";
      readonly message_type: "stream" | "direct";
      readonly sender: { readonly user_id: number };
      readonly recipients?: readonly { readonly user_id: number }[];
      readonly stream_id?: number;
      readonly topic?: string;
    }
  | {
      readonly type: "subscription";
      readonly op: "peer_add" | "peer_remove";
      readonly stream_ids: readonly number[];
      readonly user_ids: readonly number[];
    }
);

/** `GET /users/{id}/presence` */
export interface WirePresence {
  readonly presence: Readonly<Record<string, { readonly status: "active" | "idle"; readonly timestamp: number }>>;
}
