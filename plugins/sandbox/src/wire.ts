/**
 * Shapes and spelling of the in-process chat server. Nothing outside this file, `encode.ts`, `decode.ts` and the
 * simulator knows them.
 */

export interface WireUser {
  readonly user_id: string;
  readonly user_name: string;
  readonly full_name: string | null;
  readonly is_bot: boolean;
}

export interface WireBot {
  readonly bot_id: string;
  readonly user_name: string;
  readonly full_name: string | null;
  readonly about: string | null;
  readonly active: boolean;
  readonly owner: string;
  readonly badge: string | null;
  /** Where its events are posted; null: it has a socket. */
  readonly hook_url: string | null;
}

export type WireRoomType = "space" | "channel" | "group" | "direct";

export interface WireRoom {
  readonly room_id: string;
  readonly room_type: WireRoomType;
  /** `eng:ops` */
  readonly slug: string;
  readonly title: string;
  readonly space_id: string | null;
  readonly topic: string | null;
  readonly is_open: boolean;
  readonly member_count: number;
}

export type WireStatus = "joined" | "invited" | "left" | "kicked" | "banned";

export interface WireMember {
  readonly user_id: string;
  readonly full_name: string | null;
  readonly status: WireStatus;
  readonly role: "owner" | "member";
  readonly is_bot: boolean;
}

export interface WirePresence {
  readonly presence: "online" | "away" | "busy" | "offline";
  readonly note: string | null;
}

export type WireMarkup = "plain" | "markdown" | "html";

export interface WireMention {
  /** Null: everybody in the room. */
  readonly user_id: string | null;
  readonly at: number;
  readonly len: number;
}

export interface WireFile {
  readonly file_id: string;
  readonly file_name: string;
  readonly mime: string;
  readonly bytes: number;
}

export interface WireMessage {
  readonly message_id: string;
  readonly room_id: string;
  readonly author: WireUser;
  readonly sent_at: string;
  readonly edited_at: string | null;
  readonly body: string;
  readonly markup: WireMarkup;
  readonly mentions: readonly WireMention[];
  readonly files: readonly WireFile[];
  readonly reply_to: string | null;
  /** Author of the message it answers. */
  readonly reply_author: string | null;
  readonly thread_root: string | null;
  /** What the sender gave to find it again: a transaction id, a nonce, a reference. */
  readonly reference: string | null;
  readonly silent: boolean;
}

export interface WirePost {
  readonly room_id: string;
  readonly body: string;
  readonly markup: WireMarkup;
  readonly mentions: readonly WireMention[];
  readonly file_ids: readonly string[];
  readonly reply_to: string | null;
  readonly thread_root: string | null;
  readonly reference: string | null;
  readonly silent: boolean;
}

interface FrameBase {
  /** Counts without holes within one stream. */
  readonly seq: number;
  readonly at: string;
  readonly room: WireRoom | null;
  /** Ids of the bots that see it. */
  readonly audience: readonly string[];
}

export type WireFrame = FrameBase &
  (
    | { readonly op: "message"; readonly message: WireMessage }
    | { readonly op: "message-edit"; readonly message: WireMessage }
    | {
        readonly op: "message-gone";
        readonly message_id: string;
        readonly thread_root: string | null;
        readonly by: WireUser;
      }
    | {
        readonly op: "reaction";
        readonly change_id: string;
        readonly message_id: string;
        readonly by: WireUser;
        readonly emoji: string;
        readonly added: boolean;
      }
    | {
        readonly op: "member";
        readonly change_id: string;
        readonly user: WireUser;
        readonly status: WireStatus;
        readonly by: WireUser;
      }
    | {
        readonly op: "room";
        readonly change_id: string;
        readonly change: "created" | "updated";
        readonly by: WireUser;
      }
    /** A kind no client knows yet. */
    | { readonly op: "odd"; readonly change_id: string; readonly note: string }
  );
