/**
 * Upstream shapes and spelling of the Matrix application-service and client-server APIs.
 * Nothing outside this file, `api.ts`, `decode.ts`, `encode.ts` and the simulator spells a Matrix field.
 *
 * @see https://spec.matrix.org/v1.19/application-service-api/
 * @see https://spec.matrix.org/v1.19/client-server-api/
 */

/** What a homeserver sends is read through `isObject` and `textOf`, never trusted. */
export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The body of every refusal. @see https://spec.matrix.org/v1.19/client-server-api/#standard-error-response */
export interface WireError {
  readonly errcode: string;
  readonly error?: string;
  readonly retry_after_ms?: number;
  readonly soft_logout?: boolean;
}

/** A room event in the old format of transactions; state exactly where `state_key` is present. */
export interface WireEvent {
  readonly type: string;
  readonly event_id: string;
  readonly room_id: string;
  readonly sender: string;
  readonly origin_server_ts: number;
  readonly content: JsonObject;
  readonly state_key?: string;
  /** Top level up to room version 10, in `content` from 11 on. */
  readonly redacts?: string;
  readonly unsigned?: JsonObject;
}

/** `m.typing`, `m.receipt` (with a room) or `m.presence` (with a sender). */
export interface WireEdu {
  readonly type: string;
  readonly content: JsonObject;
  readonly room_id?: string;
  readonly sender?: string;
}

/** Registration file. @see https://spec.matrix.org/v1.19/application-service-api/#registration */
export interface WireRegistration {
  readonly id: string;
  readonly url: string | null;
  readonly as_token: string;
  readonly hs_token: string;
  readonly sender_localpart: string;
  readonly namespaces: {
    readonly users?: readonly WireNamespace[];
    readonly aliases?: readonly WireNamespace[];
    readonly rooms?: readonly WireNamespace[];
  };
  readonly receive_ephemeral?: boolean;
  readonly rate_limited?: boolean;
  readonly protocols?: readonly string[];
}

export interface WireNamespace {
  readonly regex: string;
  readonly exclusive: boolean;
}

export interface WireWhoami {
  readonly user_id: string;
  readonly device_id?: string;
}

export interface WireProfile {
  readonly displayname?: string | null;
  readonly avatar_url?: string | null;
}

export interface WireJoinedMembers {
  readonly joined: Readonly<
    Record<string, { readonly display_name?: string | null; readonly avatar_url?: string | null }>
  >;
}

/** States of `PUT presence`; Synapse knows `busy` under its unstable name only. */
export const presences = ["online", "unavailable", "offline"] as const;
export type Presence = (typeof presences)[number];

export interface WirePresence {
  readonly presence: string;
  readonly status_msg?: string | null;
  readonly last_active_ago?: number;
  readonly currently_active?: boolean;
}

export interface WireContext {
  readonly event?: unknown;
  readonly events_before?: readonly unknown[];
  readonly events_after?: readonly unknown[];
  readonly state?: readonly unknown[];
  readonly start?: string;
  readonly end?: string;
}

/** One page of history. `end` is absent where there is no more. */
export interface WireMessages {
  readonly chunk: readonly unknown[];
  readonly start: string;
  readonly end?: string;
}

export interface WireCreateRoom {
  readonly name?: string;
  readonly topic?: string;
  readonly preset?: "private_chat" | "public_chat" | "trusted_private_chat";
  readonly visibility?: "public" | "private";
  readonly room_alias_name?: string;
  readonly room_version?: string;
  readonly invite?: readonly string[];
  readonly is_direct?: boolean;
  readonly creation_content?: JsonObject;
  readonly initial_state?: readonly {
    readonly type: string;
    readonly state_key?: string;
    readonly content: JsonObject;
  }[];
  readonly power_level_content_override?: JsonObject;
}

export type Membership = "invite" | "join" | "leave" | "ban" | "knock";

export const memberships: readonly Membership[] = ["invite", "join", "leave", "ban", "knock"];

/** Error codes this plugin decides by. */
export const errcodes = {
  badState: "M_BAD_STATE",
  exclusive: "M_EXCLUSIVE",
  forbidden: "M_FORBIDDEN",
  limitExceeded: "M_LIMIT_EXCEEDED",
  notFound: "M_NOT_FOUND",
  unknownToken: "M_UNKNOWN_TOKEN",
  missingToken: "M_MISSING_TOKEN",
  unrecognized: "M_UNRECOGNIZED",
  urlNotSet: "M_URL_NOT_SET",
  userInUse: "M_USER_IN_USE",
} as const;

export const htmlFormat = "org.matrix.custom.html";

/** Base path of what a homeserver asks of an application service. */
export const appBase = "/_matrix/app/v1";
