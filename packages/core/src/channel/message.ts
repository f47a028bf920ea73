import { BotyardError, errorTable, isBotyardError, toErrorData, type ErrorData } from "@botyard/sdk";

/** Where in a value a stream was, and its number at the side that sends it. */
export interface StreamRef {
  readonly path: readonly (string | number)[];
  readonly id: number;
  readonly kind: StreamKind;
}
export type StreamKind = "bytes" | "items";

/** A value whose streams are listed beside it: no key or text inside the value can be mistaken for one. */
export interface Packed {
  readonly value: unknown;
  readonly streams?: readonly StreamRef[];
}

/**
 * All that goes over a port. `call` with id 0 wants no answer; `fail` with id 0 says that the sender as a whole is at
 * its end. Numbers of calls belong to who calls, numbers of streams to who sends the bytes or items.
 */
export type Message =
  | { readonly type: "call"; readonly id: number; readonly method: string; readonly args: Packed }
  | { readonly type: "abort"; readonly id: number; readonly reason: ErrorData }
  | { readonly type: "ok"; readonly id: number; readonly answer: Packed }
  | { readonly type: "no"; readonly id: number; readonly error: ErrorData }
  | { readonly type: "chunk"; readonly id: number; readonly value: unknown }
  | { readonly type: "end"; readonly id: number }
  | { readonly type: "fail"; readonly id: number; readonly error: ErrorData }
  /** `credits` more chunks may come. */
  | { readonly type: "pull"; readonly id: number; readonly credits: number }
  | { readonly type: "stop"; readonly id: number; readonly reason: ErrorData };

export function isMessage(value: unknown): value is Message {
  if (typeof value !== "object" || value === null || !("type" in value) || !("id" in value)) return false;
  return typeof value.type === "string" && typeof value.id === "number";
}

/** Why a signal aborted or a reader left, as an error that crosses: `timeout` stays `timeout`. */
export function reasonData(reason: unknown): ErrorData {
  if (isBotyardError(reason)) return errorData(reason);
  const late = typeof reason === "object" && reason !== null && "name" in reason && reason.name === "TimeoutError";
  return late
    ? { code: "timeout", detail: "the time for it was over", details: {} }
    : { code: "cancelled", detail: "it was not wanted any more", details: {} };
}

/** Details that cannot be cloned stay behind. */
export function errorData(error: BotyardError): ErrorData {
  const { code, detail, details } = toErrorData(error);
  try {
    return { code, detail, details: JSON.parse(JSON.stringify(details)) as ErrorData["details"] };
  } catch {
    return { code, detail, details: { effect: error.effect } };
  }
}

/** Trusts nothing: a plugin's process made it. */
export function errorFrom(data: unknown): BotyardError {
  const { code, detail, details } = (typeof data === "object" && data !== null ? data : {}) as Partial<ErrorData>;
  if (typeof code !== "string" || !Object.hasOwn(errorTable, code))
    return new BotyardError("plugin_failed", "The plugin failed and did not say how", { effect: "unknown" });
  return new BotyardError(code, String(detail), typeof details === "object" && details !== null ? details : {});
}
