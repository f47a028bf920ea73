import { BotyardError, type ErrorCode, type HttpResponse, type Outcome } from "@botyard/sdk";
import { isObject, numberOf, textOf } from "./wire.ts";

/** Codes for the names handlers give; the rest goes by status. */
const codes: Readonly<Record<string, ErrorCode>> = {
  InvalidSession: "unauthenticated",
  InvalidCredentials: "unauthenticated",
  InvalidToken: "unauthenticated",
  NotAuthenticated: "unauthenticated",
  UnverifiedAccount: "unauthenticated",
  MissingPermission: "forbidden",
  MissingUserPermission: "forbidden",
  NotPrivileged: "forbidden",
  NotElevated: "forbidden",
  BotIsPrivate: "forbidden",
  Banned: "forbidden",
  CannotEditMessage: "forbidden",
  IsBot: "forbidden",
  IsNotBot: "forbidden",
  LockedOut: "rate_limited",
  NotFound: "not_found",
  UnknownUser: "not_found",
  UnknownServer: "not_found",
  UnknownChannel: "not_found",
  UnknownMessage: "not_found",
  UnknownAttachment: "not_found",
  AlreadyInServer: "conflict",
  AlreadyInGroup: "conflict",
  AlreadyPinned: "conflict",
  NotPinned: "conflict",
  AlreadyOnboarded: "conflict",
  UsernameTaken: "conflict",
  ReachedMaximumBots: "conflict",
  GroupTooLarge: "conflict",
  TooManyEmbeds: "invalid",
  TooManyReplies: "invalid",
  TooManyAttachments: "invalid",
  EmptyMessage: "invalid",
  FileTooSmall: "invalid",
  FileTypeNotAllowed: "invalid",
  PayloadTooLarge: "too_large",
  FileTooLarge: "too_large",
  InSlowmode: "rate_limited",
  DiscriminatorChangeRatelimited: "rate_limited",
  FeatureDisabled: "unsupported",
};

const byStatus: Readonly<Record<number, ErrorCode>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "unsupported",
  405: "unsupported",
  409: "conflict",
  413: "too_large",
  422: "invalid",
  429: "rate_limited",
};

/** Sentences for what a person can mend; others are made of the name. */
const sentences: Readonly<Record<string, string>> = {
  ReachedMaximumBots: "This account owns as many bots as the server allows it.",
  BotIsPrivate: "The bot is private: only its owner may invite it; make it public first.",
  Banned: "The bot is banned there.",
  IsBot: "The server does not let bots do this.",
  NotFound: "Stoat does not have it, or does not show it to this credential.",
  AlreadyInServer: "It is in that server already.",
  AlreadyInGroup: "It is in that group already.",
  UsernameTaken: "Every discriminator of that name is taken.",
  DiscriminatorChangeRatelimited: "Names may change their number once in 24 hours; waiting a little does not help.",
  InvalidUsername: "The server does not accept this name: it is reserved, or holds an address.",
  EmptyMessage: "There is nothing to send: no text, file or embed.",
  PayloadTooLarge: "The text and the descriptions of the embeds are too long together; bytes of UTF-8 count.",
  CannotEditMessage: "Only its author may change a message.",
  LockedOut: "Too many wrong passwords: the account is locked for some minutes.",
  FileTypeNotAllowed: "The file server wants a picture here.",
  FileTooSmall: "The file is empty.",
};

/** Proxies answer these before anything reached the server. @see https://developers.cloudflare.com/support/troubleshooting/http-status-codes */
const neverArrived = new Set([521, 523, 525, 526, 530]);

const readable = (text: string | undefined): string | undefined =>
  text !== undefined && /^[A-Za-z0-9]{1,64}$/.test(text) ? text : undefined;

/** Name a handler gave to its refusal; undefined for the guards of the framework and for proxies. */
export function typeOf(json: unknown): string | undefined {
  return isObject(json) ? readable(textOf(json["type"])) : undefined;
}

/**
 * A refusal in our words. Handlers name it (`type`); guards, proxies and the framework do not, and may answer HTML or
 * plain text: then the status decides. A 404 without a name is a route this instance does not have.
 */
export function toError(method: string, { status, json }: Pick<HttpResponse, "status" | "json">): BotyardError {
  const type = typeOf(json);
  const body = isObject(json) ? json : {};
  const code = (type === undefined ? undefined : codes[type]) ?? codeOf(status, type);
  // A proxy's failure passes; a read may simply be asked again.
  const again = method === "GET" && type === undefined && status >= 502 ? 1_000 : undefined;
  const retryAfterMs = waitOf(type, body) ?? again;
  return new BotyardError(code, sentenceOf(status, type, body), {
    effect: effectOf(method, status),
    upstream: { status, ...(type === undefined ? {} : { code: type }) },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function codeOf(status: number, type: string | undefined): ErrorCode {
  if (status === 404 && type !== undefined) return "not_found";
  return byStatus[status] ?? (status >= 500 || status < 400 ? "upstream" : "invalid");
}

/** `InSlowmode` and `LockedOut` count seconds, the rate limit milliseconds. A name change may not be tried again. */
function waitOf(type: string | undefined, body: Readonly<Record<string, unknown>>): number | undefined {
  if (type === "DiscriminatorChangeRatelimited") return undefined;
  const wait = numberOf(body["retry_after"]);
  if (wait === undefined) return undefined;
  return type === undefined ? Math.ceil(wait) : Math.ceil(wait * 1000);
}

function effectOf(method: string, status: number): Outcome {
  if (method === "GET" || (status >= 300 && status < 500) || neverArrived.has(status)) return "none";
  // Also a 500 with a name may come after the work was done, and a success that cannot be read certainly does.
  return "unknown";
}

function sentenceOf(status: number, type: string | undefined, body: Readonly<Record<string, unknown>>): string {
  const permission = readable(textOf(body["permission"]));
  const max = numberOf(body["max"]);
  if (permission !== undefined) return `Stoat refuses it: the permission ${permission} is missing.`;
  if (type === "InSlowmode") return "The channel is in slow mode; the wait has begun anew.";
  const known = type === undefined ? undefined : sentences[type];
  if (known !== undefined) return known;
  if (max !== undefined && type !== undefined) return `Stoat refuses it: ${type}, at most ${max}.`;
  if (type !== undefined) return `Stoat refuses it: ${type}.`;
  if (status === 401) return "Stoat does not accept the credential.";
  if (status === 404) return "This instance has no such route: the feature is not there, or is switched off.";
  if (status === 429) return "Stoat wants us to wait.";
  if (status >= 500) return `Stoat, or a proxy before it, failed with status ${status}.`;
  if (status >= 200 && status < 300)
    return "The answer was not what Stoat answers: another program is at this address.";
  return `Stoat refuses it with status ${status}.`;
}
