/**
 * Upstream shapes and spelling; nowhere else. Only what is used is named; every field may be missing on older servers.
 *
 * @see https://github.com/stoatchat/javascript-client-api (OpenAPI 0.14.3), recordings of 0.15.1 in test/fixtures
 */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export interface WireFile {
  readonly _id: string;
  readonly tag: string;
  readonly filename?: string;
  readonly content_type?: string;
  readonly size?: number;
}

export interface WireStatus {
  readonly text?: string | null;
  readonly presence?: string | null;
}

export interface WireUser {
  readonly _id: string;
  readonly username: string;
  readonly discriminator?: string;
  readonly display_name?: string | null;
  readonly avatar?: WireFile | null;
  readonly status?: WireStatus | null;
  readonly pronouns?: string | null;
  /** 2: deleted. */
  readonly flags?: number;
  readonly bot?: { readonly owner: string } | null;
  readonly relationship?: string;
  readonly online?: boolean;
}

export interface WireOAuth2 {
  readonly public: boolean;
  readonly secret?: string | null;
  readonly redirects?: readonly string[];
  readonly allowed_scopes?: Readonly<Record<string, { readonly allow: string; readonly deny: string }>>;
}

export interface WireBot {
  readonly _id: string;
  readonly owner: string;
  readonly token: string;
  readonly public: boolean;
  readonly analytics?: boolean;
  readonly discoverable?: boolean;
  readonly interactions_url?: string | null;
  readonly terms_of_service_url?: string | null;
  readonly privacy_policy_url?: string | null;
  readonly flags?: number;
  readonly oauth2?: WireOAuth2 | null;
  readonly default_permissions?: number;
}

/** Create and edit answer flattened, fetch does not. */
export interface WireBotWithUser {
  readonly bot: WireBot;
  readonly user: WireUser;
}

export interface WirePublicBot {
  readonly _id: string;
  readonly username: string;
  /** A file id of tag `avatars`. */
  readonly avatar?: string;
  readonly description?: string;
}

export interface WireServer {
  readonly _id: string;
  readonly owner: string;
  readonly name: string;
  readonly description?: string | null;
  /** Ids; with `include_channels=true` the key comes twice and the objects win. */
  readonly channels?: readonly (string | WireChannel)[];
  readonly roles?: Readonly<Record<string, WireRole>>;
  readonly default_permissions?: number;
  readonly approximate_member_count?: number;
}

export interface WireRole {
  readonly _id?: string;
  readonly name: string;
  readonly permissions?: { readonly a: number; readonly d: number };
  /** The smaller the more important. */
  readonly rank?: number;
  /** Id of the bot a managed role belongs to. */
  readonly owner?: string;
}

export interface WireChannel {
  /** SavedMessages, DirectMessage, Group, TextChannel, VoiceChannel. */
  readonly channel_type: string;
  readonly _id: string;
  readonly server?: string;
  readonly name?: string;
  readonly description?: string | null;
  readonly recipients?: readonly string[];
  readonly user?: string;
  readonly owner?: string;
  readonly last_message_id?: string | null;
  readonly slowmode?: number;
  readonly default_permissions?: unknown;
  /** By role. */
  readonly role_permissions?: Readonly<Record<string, unknown>>;
}

export interface WireMember {
  readonly _id: { readonly server: string; readonly user: string };
  readonly joined_at?: string;
  readonly nickname?: string | null;
  readonly roles?: readonly string[];
  readonly timeout?: string | null;
}

export interface WireMessage {
  readonly _id: string;
  readonly nonce?: string;
  readonly channel: string;
  readonly author: string;
  readonly user?: WireUser;
  readonly member?: WireMember;
  readonly webhook?: { readonly name: string; readonly avatar?: string | null } | null;
  readonly system?: JsonObject & { readonly type: string };
  readonly content?: string | null;
  readonly attachments?: readonly WireFile[] | null;
  readonly edited?: string | null;
  readonly embeds?: readonly JsonObject[] | null;
  readonly mentions?: readonly string[] | null;
  readonly replies?: readonly string[] | null;
  readonly reactions?: Readonly<Record<string, readonly string[]>>;
  readonly masquerade?: JsonObject | null;
  readonly pinned?: boolean | null;
  readonly flags?: number;
}

/** One frame of the gateway. */
export interface WireFrame {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface WireReady extends WireFrame {
  readonly users?: readonly WireUser[];
  readonly servers?: readonly WireServer[];
  readonly channels?: readonly WireChannel[];
  readonly members?: readonly WireMember[];
}

export interface WireLogin {
  readonly result: string;
  readonly _id?: string;
  readonly user_id?: string;
  readonly token?: string;
  readonly ticket?: string;
  readonly allowed_methods?: readonly string[];
}

const mostDepth = 32;

/**
 * A copy of what came from outside, as deep as anything real is: what lies deeper is null, for nobody could write it down
 * again. `drop`: names that are left out.
 */
export function bounded(value: unknown, drop: (name: string) => boolean = () => false, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth >= mostDepth) return null;
  if (Array.isArray(value)) return value.map((one) => bounded(one, drop, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value))
    if (name !== "__proto__" && !drop(name)) copy[name] = bounded(inner, drop, depth + 1);
  return copy;
}

/** A JSON text as a frame; null for anything else. */
export function toFrame(text: string | Uint8Array): WireFrame | null {
  try {
    const json: unknown = JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text));
    return isObject(json) && typeof json["type"] === "string" ? (json as WireFrame) : null;
  } catch {
    return null;
  }
}
