import type { Descriptor } from "@botyard/core";
import { type ErrorCode, errorCodes } from "@botyard/sdk";

/** What a code means and what to do, for the page that every problem's `type` leads to. */
export const codeTexts: Readonly<Record<ErrorCode, string>> = {
  invalid:
    "Something in the request is not what the operation takes. `issues` names the fields and what is expected; the values that were sent are not repeated. Correct it and call again.",
  unsupported:
    "This operation cannot be had on this chat server. Nothing was changed. `instead` names another way where there is one; `connections capabilities` lists what works.",
  unsupported_param: "The operation works here, but not with this field. Leave the field out; nothing was changed.",
  unauthenticated:
    "The key is missing, malformed, unknown, expired or revoked, or the chat server refused the credential Botyard holds. `detail` says which of them.",
  forbidden:
    "The key is good, but may not do this here; `allowed` says what it may. Or the request came from a foreign web page or under a foreign host name.",
  not_found: "There is no such thing, or the key may not see it: both answer alike.",
  conflict:
    "Something is in the way: the name is taken, the idempotency key was used with other input, or the first call with it is still running (`retryAfterMs`).",
  gone: "What was asked for is no longer kept. For cursors `oldest` is the first that still is.",
  too_large: "The body or the file is larger than what Botyard or the chat server takes. Nothing was sent.",
  rate_limited: "Too many calls, by the key's own rate or by the chat server's. Wait `retryAfterMs`.",
  timeout:
    "The chat server did not answer in time. `effect` says whether it may have acted: with `unknown` do not repeat, ask for `GET /v1/ledger/{operation}?waitMs=30000`.",
  unreachable: "The chat server could not be reached. Nothing was sent unless `effect` says otherwise.",
  upstream:
    "The chat server answered with a failure or with something that cannot be understood. `upstream` holds its status and code, Botyard's log the text.",
  operator_required:
    "A step on the server has to be done by a person first; `steps` names it, `botyard steps get` shows the line to run.",
  cancelled: "The caller went away before the answer. `effect` says whether the chat server may have acted.",
  plugin_failed:
    "The plugin of this platform stopped in the middle. It is started again by itself; `effect` says whether the chat server may have acted.",
  internal: "Something failed inside Botyard. Its log says what, under the `request` of the answer.",
};

const always: readonly ErrorCode[] = ["invalid", "unauthenticated", "forbidden", "rate_limited", "internal"];
/** Fields that name what may not be there, also where they are lists. */
const places: ReadonlySet<string> = new Set(["connection", "bot", "room"]);
const onPlatform: readonly ErrorCode[] = [
  "unsupported",
  "unsupported_param",
  "operator_required",
  "timeout",
  "unreachable",
  "upstream",
  "plugin_failed",
];

/** Codes a call can answer with, in the order of the table; `cancelled` is left out, because nobody is there to read it. */
export function codesOf(descriptor: Descriptor): readonly ErrorCode[] {
  const namesThings = descriptor.fields.some(
    ({ in: place, ref, name }) => place === "path" || ref !== null || places.has(name),
  );
  const hasBody = descriptor.fields.some((field) => field.in === "body");
  const codes = new Set<ErrorCode>([
    ...always,
    ...(namesThings ? (["not_found"] as const) : []),
    ...(hasBody ? (["too_large"] as const) : []),
    ...(descriptor.effect === "read" ? [] : (["conflict"] as const)),
    ...(descriptor.run === "platform" ? onPlatform : []),
    ...descriptor.errors,
  ]);
  return errorCodes.filter((code) => codes.has(code) && code !== "cancelled");
}
