import {
  BotyardError,
  isBotyardError,
  type ErrorCode,
  type Http,
  type HttpRequest,
  type HttpResponse,
} from "@botyard/sdk";
import { errorIds, isFields, textOf } from "./wire.ts";

/** Whose token upstream calls carry, and over what. */
export interface Caller {
  readonly http: Http;
  /** Absent: without a session. */
  readonly token?: string;
  /** Path of the site below its origin, without a trailing slash: `/chat`, mostly empty. */
  readonly base: string;
  readonly signal?: AbortSignal;
  /**
   * Whether a 429 is asked again: nothing was done, and the limiter behind `http` has learnt of it and holds the repeat
   * back, up to the call's deadline.
   */
  readonly patient?: boolean;
}

export interface UpstreamCall {
  readonly method: HttpRequest["method"];
  /** Below `/api/v4`. */
  readonly path: string;
  readonly query?: HttpRequest["query"];
  readonly json?: unknown;
  readonly body?: HttpRequest["body"];
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export function toRequest(on: Caller, call: UpstreamCall, prefix = "/api/v4"): HttpRequest {
  return {
    method: call.method,
    path: `${on.base}${prefix}${call.path}`,
    headers: { ...(on.token === undefined ? {} : { authorization: `Bearer ${on.token}` }), ...call.headers },
    ...(call.query === undefined ? {} : { query: call.query }),
    ...(call.json === undefined ? {} : { json: call.json }),
    ...(call.body === undefined ? {} : { body: call.body }),
    ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
    ...(on.signal === undefined ? {} : { signal: on.signal }),
  };
}

/** Makes one call and hands back its JSON. Throws BotyardError with the server's status and error id in `upstream`. */
export async function call<T>(on: Caller, upstream: UpstreamCall): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const response = await on.http.request(toRequest(on, upstream));
    if (isSuccess(response.status) && response.json !== undefined) return response.json as T;
    const again = response.status === 429 && on.patient === true && tries < mostTries;
    if (!again || upstream.body instanceof ReadableStream) throw toError(upstream.method, response);
  }
}

const mostTries = 10;

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  405: "unsupported",
  409: "conflict",
  413: "too_large",
  429: "rate_limited",
};

const conflicts = new Set<string>([
  errorIds.usernameTaken,
  errorIds.alreadyBot,
  "app.user.save.email_exists.app_error",
  "store.sql_team.save_team.existing.app_error",
  "store.sql_channel.save_channel.exists.app_error",
  "api.command.duplicate_trigger.app_error",
  "api.webhook.create_outgoing.intersect.app_error",
  errorIds.postPending,
]);

const sentences: Readonly<Record<string, string>> = {
  [errorIds.noEndpoint]: "this version of Mattermost has no such endpoint",
  [errorIds.sessionExpired]:
    "Mattermost refused the token: it was revoked, disabled or has expired, or its account is disabled",
  [errorIds.permissions]: "Mattermost does not allow it, or there is no such thing that is visible here",
  [errorIds.botCreationOff]: "bot creation is off on this server",
  [errorIds.tokensOff]: "personal access tokens are off on this server",
  [errorIds.usernameTaken]: "the username is taken by a bot (perhaps a disabled one) or a person",
  [errorIds.alreadyBot]: "this account is a bot already",
  [errorIds.postPending]: "an earlier attempt of the same post is still under way",
  [errorIds.botMissing]: "Mattermost has no such bot, or the credential may not see it",
  [errorIds.memberMissing]: "this user is not a member of the channel",
  "app.team.get_member.missing.app_error": "this user is not a member of the team",
  "app.user.missing_account.const": "Mattermost has no such user",
  "app.user.save.email_exists.app_error": "the e-mail address is taken",
  "store.sql_team.save_team.existing.app_error": "a team with this name exists already",
  "store.sql_channel.save_channel.exists.app_error":
    "a channel with this name exists already (perhaps an archived one)",
  "api.command.duplicate_trigger.app_error": "this trigger word is in use already, or built in",
  "api.webhook.create_outgoing.intersect.app_error": "another webhook of the channel has the same trigger word",
  "model.post.is_valid.message_length.app_error": "the text is longer than this server allows",
  "api.post.create_post.can_not_post_to_deleted.error": "the channel is archived",
  "api.post.create_post.root_id.app_error": "`thread` is not the first message of a thread, or it is gone",
  "api.post.create_post.channel_root_id.app_error": "`thread` is in another channel",
  "app.emoji.get_by_name.no_result": "this server has no such emoji",
  "model.user.is_valid.pwd_min_length.app_error": "the password is shorter than this server allows",
  "api.channel.add_user_to_channel.type.app_error": "nobody can be added to a direct or group message: open a new one",
  "license_error.feature_unavailable": "this needs a licence that the server has not",
  "api.context.request_body_too_large.app_error":
    "the request is larger than this server takes (300512 bytes unless it was changed): less in `props` or `attachments`",
  "api.user.upload_profile_user.check_image_limits.app_error":
    "the picture is no PNG, JPEG, GIF, BMP or WebP, or has more than 33177600 pixels",
  "api.bot.set_bot_icon_image.parse.app_error": "the icon is no valid SVG",
};

/** Documented for 11.9 (`MaximumPersonalAccessTokenLifetimeDays`), not seen running. */
const policy = /expires_at_(?:required|in_past|too_far)/;

const bodyTexts = "The server answered without JSON";

/**
 * An answer that is no success, as an error. Decided by status and id only: the message follows the language of the
 * request. What may have happened behind a 5xx that is no refusal by name, or a success that is no JSON, is unknown.
 */
export function toError(
  method: HttpRequest["method"],
  response: Pick<HttpResponse, "status" | "headers" | "json" | "text">,
): BotyardError {
  const { status, headers, json, text } = response;
  const id = isFields(json) ? textOf(json["id"]) : undefined;
  const code = codeOf(status, id);
  const said = id === undefined ? undefined : sentences[id];
  const unsure = (code === "upstream" || (code === "conflict" && id === errorIds.postPending)) && method !== "GET";
  const retryAfterMs = status === 429 ? retryAfter(headers) : undefined;
  const fix =
    id === errorIds.botCreationOff
      ? "mmctl config set ServiceSettings.EnableBotAccountCreation true"
      : policy.test(id ?? "")
        ? "botyard connections update <connection> -o tokenDays=<days>"
        : undefined;
  const sentence = policy.test(id ?? "") ? "this server wants tokens to end within a number of days" : said;
  return new BotyardError(code, sentence ?? plainSentence(code, status, id), {
    effect: unsure ? "unknown" : "none",
    upstream: { status, ...(id === undefined ? {} : { code: id }) },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(fix === undefined ? {} : { fix }),
    cause: new Error((isFields(json) ? (textOf(json["message"]) ?? "") : text).slice(0, 500) || bodyTexts),
  });
}

function codeOf(status: number, id: string | undefined): ErrorCode {
  if (id === undefined) return status === 404 ? "upstream" : (codes[status] ?? "upstream");
  if (id === errorIds.noEndpoint) return "unsupported";
  if (id === errorIds.botCreationOff || id === errorIds.tokensOff) return "operator_required";
  if (conflicts.has(id)) return "conflict";
  if (id === "model.post.is_valid.message_length.app_error") return "too_large";
  if (status === 501) return "unsupported";
  // A refusal by name happened before anything was done; these two are said with 500.
  if (status === 500 && /\.(?:parse|no_file)\.app_error$/.test(id)) return "invalid";
  return codes[status] ?? "upstream";
}

function plainSentence(code: ErrorCode, status: number, id: string | undefined): string {
  if (code === "rate_limited")
    return "Mattermost limits requests of this address; all bots of this machine share the budget";
  if (code === "upstream")
    return `Mattermost answered ${status}${id === undefined ? " and no JSON: is a proxy in between, or is the address another site?" : ""}`;
  return `Mattermost refused it with ${id ?? String(status)}`;
}

function retryAfter(headers: Readonly<Record<string, string>>): number {
  const seconds = Number(headers["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 1000;
}

/** Whether an error is this refusal of the server. */
export function refusedWith(error: unknown, ...ids: readonly string[]): boolean {
  return isBotyardError(error) && ids.includes(error.details.upstream?.code ?? "");
}

/** What a call answers; undefined where the server says that there is no such thing, or shows it to nobody like us. */
export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isBotyardError(error) && (error.code === "not_found" || error.code === "forbidden")) return undefined;
    throw error;
  }
}
