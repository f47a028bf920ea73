/** Upstream shapes and spelling. Fields that are not used are left out. @see https://developers.mattermost.com/api-documentation/ (v4; seen on 5.39.3 and 11.1.0) */

export interface WireStatusOk {
  readonly status: string;
}

/** Times are Unix milliseconds; texts that are empty are absent. */
export interface WireBot {
  readonly user_id: string;
  readonly username: string;
  readonly display_name?: string;
  readonly description?: string;
  /** Id of a user or of a plugin. */
  readonly owner_id: string;
  readonly last_icon_update?: number;
  readonly create_at: number;
  readonly update_at: number;
  readonly delete_at: number;
}

export interface WireUser {
  readonly id: string;
  readonly username: string;
  readonly nickname?: string;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly roles: string;
  readonly delete_at: number;
  readonly is_bot?: boolean;
  /** `customStatus`: JSON of `{emoji, text}`, or empty. */
  readonly props?: Readonly<Record<string, string>> | null;
}

export interface WireToken {
  readonly id: string;
  /** Only in the answer that made it. */
  readonly token?: string;
  readonly user_id: string;
  readonly description: string;
  readonly is_active: boolean;
  /** Unix milliseconds; servers before 11.9 do not know it. */
  readonly expires_at?: number;
}

export interface WireSession {
  readonly id: string;
  readonly last_activity_at: number;
  readonly props?: Readonly<Record<string, string>> | null;
}

export interface WireTeam {
  readonly id: string;
  readonly name: string;
  readonly display_name: string;
  readonly description: string;
  readonly delete_at: number;
}

/** `O` public, `P` private, `D` two people, `G` a few. */
export type WireChannelType = "O" | "P" | "D" | "G";

export interface WireChannel {
  readonly id: string;
  readonly team_id: string;
  readonly type: WireChannelType;
  readonly name: string;
  readonly display_name: string;
  readonly header: string;
  readonly purpose: string;
  readonly last_post_at?: number;
  readonly update_at: number;
  readonly delete_at: number;
}

export interface WireMember {
  readonly user_id: string;
  readonly roles: string;
  readonly scheme_admin?: boolean;
}

export interface WireReaction {
  readonly user_id: string;
  readonly post_id: string;
  readonly emoji_name: string;
  readonly create_at: number;
  readonly update_at?: number;
}

export interface WireFileInfo {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly mime_type: string;
  readonly post_id?: string;
}

export interface WirePost {
  readonly id: string;
  readonly create_at: number;
  readonly update_at: number;
  readonly edit_at: number;
  readonly delete_at: number;
  readonly is_pinned: boolean;
  readonly user_id: string;
  readonly channel_id: string;
  readonly root_id: string;
  readonly message: string;
  readonly type: string;
  readonly props: Readonly<Record<string, unknown>> | null;
  readonly file_ids?: readonly string[] | null;
  readonly pending_post_id: string;
  readonly metadata?: {
    readonly files?: readonly WireFileInfo[] | null;
    readonly reactions?: readonly WireReaction[] | null;
  } | null;
}

export interface WirePostList {
  /** Newest first. */
  readonly order: readonly string[];
  readonly posts: Readonly<Record<string, WirePost>>;
  readonly prev_post_id?: string;
}

export interface WireStatus {
  readonly user_id: string;
  readonly status: string;
}

export interface WireCommand {
  readonly id: string;
  readonly token: string;
  readonly team_id: string;
  readonly trigger: string;
  readonly url: string;
  readonly display_name: string;
  readonly description: string;
  readonly auto_complete: boolean;
  readonly auto_complete_desc: string;
  readonly auto_complete_hint: string;
}

export interface WireIncomingHook {
  readonly id: string;
  readonly channel_id: string;
  readonly team_id: string;
  readonly display_name: string;
  readonly description: string;
}

export interface WireOutgoingHook {
  readonly id: string;
  readonly token: string;
  readonly channel_id: string;
  readonly team_id: string;
  readonly display_name: string;
  readonly trigger_words: readonly string[] | null;
  readonly callback_urls: readonly string[];
}

export interface WireRole {
  readonly name: string;
  readonly permissions: readonly string[];
}

export interface WireBroadcast {
  readonly user_id: string;
  readonly channel_id: string;
  readonly team_id: string;
}

/** An event of the WebSocket. `hello` is seq 0. */
export interface WireEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly broadcast: WireBroadcast;
  readonly seq: number;
  /** The frame as it came. */
  readonly text: string;
}

/** An answer on the WebSocket; uses up no seq. */
export interface WireReply {
  readonly status: string;
  readonly seq_reply?: number;
  readonly error?: { readonly id: string; readonly status_code?: number };
}

/** Error ids that decide something. */
export const errorIds = {
  noEndpoint: "api.context.404.app_error",
  sessionExpired: "api.context.session_expired.app_error",
  permissions: "api.context.permissions.app_error",
  botCreationOff: "api.bot.create_disabled",
  tokensOff: "app.user_access_token.disabled",
  usernameTaken: "app.user.save.username_exists.app_error",
  postPending: "api.post.deduplicate_create_post.pending",
  botMissing: "store.sql_bot.get.missing.app_error",
  memberMissing: "app.channel.get_member.missing.app_error",
  iconUnset: "api.bot.get_bot_icon_image.read.app_error",
  alreadyBot: "app.bot.createbot.internal_error",
  incomingHook: "web.incoming_webhook.general.app_error",
} as const;

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** JSON of an event's text field; undefined where it is none. */
export function inner(value: unknown): Fields | undefined {
  if (isFields(value)) return value;
  if (typeof value !== "string") return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isFields(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
