import { BotyardError, isBotyardError } from "@botyard/sdk";
import { FetchError } from "ofetch";

// Error codes that only a failed connection attempt has: no byte of the request can have left.
const notConnected = new Set([
  "ECONNREFUSED",
  "ConnectionRefused",
  "FailedToOpenSocket",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_NONAME",
]);
const badCertificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|invalid peer certificate|ALTNAME/i;
const badHandshake = /TLS handshake failed|corrupt message of type|received fatal alert/i;
const unknownName = /dns error|getaddrinfo/i;
const refused = /ECONNREFUSED|ConnectionRefused|Connection refused/i;
// How Deno says that it got no connection: "client error (Connect): tcp connect error: Connection refused".
const connectPhase = /client error \(Connect\)|Requests to port \d+ are blocked|Requires net access/i;

/**
 * A failed fetch as BotyardError `unreachable`: effect `none` where the runtime proves that no connection was made,
 * else `unknown`, because the server may have read the request before the line broke.
 */
export function unreachableError(origin: string, failure: unknown): BotyardError {
  if (isBotyardError(failure)) return failure;
  const chain = causes(failure);
  const codes = chain.map(({ code }) => code);
  const text = chain.map(({ code, message }) => `${code} ${message}`).join(" ");
  const nothingSent =
    codes.some((code) => notConnected.has(code)) ||
    connectPhase.test(text) ||
    badHandshake.test(text) ||
    codes.some((code) => badCertificate.test(code));
  if (!nothingSent)
    return new BotyardError(
      "unreachable",
      `The connection to ${origin} broke before an answer came. The server may have done what was asked`,
      { effect: "unknown", cause: failure },
    );
  return new BotyardError("unreachable", `${why(origin, text)}. Nothing was sent`, { effect: "none", cause: failure });
}

/** The answer's body broke off: the request had its effect, whatever it was. */
export function brokenBodyError(origin: string, failure: unknown): BotyardError {
  if (isBotyardError(failure)) return failure;
  return new BotyardError("unreachable", `The connection to ${origin} broke in the middle of its answer`, {
    effect: "unknown",
    cause: failure,
  });
}

function why(origin: string, text: string): string {
  if (badCertificate.test(text)) return `The TLS certificate of ${origin} is not trusted on this machine`;
  if (badHandshake.test(text)) return `${origin} does not speak TLS as expected; check http:// or https://`;
  if (unknownName.test(text)) return `The name in ${origin} cannot be resolved`;
  if (refused.test(text)) return `Nothing answers at ${origin}: the connection was refused`;
  return `No connection to ${origin} could be made`;
}

function causes(failure: unknown): { readonly code: string; readonly message: string }[] {
  const chain: { code: string; message: string }[] = [];
  // ofetch wraps the runtime's error and puts the address, with its query, into the message: only the cause counts.
  let current: unknown = failure instanceof FetchError ? failure.cause : failure;
  while (typeof current === "object" && current !== null && chain.length < 5) {
    const { code, message, cause } = current as { code?: unknown; message?: unknown; cause?: unknown };
    chain.push({ code: textOf(code), message: textOf(message) });
    current = cause;
  }
  return chain;
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
