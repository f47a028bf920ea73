import { BotyardError } from "@botyard/sdk";
import type { Packed, StreamKind, StreamRef } from "./message.ts";

/** A stream of bytes or a stream of items on its way to the other side. */
export type AnyStream = ReadableStream<Uint8Array> | AsyncIterable<unknown>;

type Path = readonly (string | number)[];

// What the structured clone algorithm takes as it is.
const cloned = [Date, RegExp, Error, ArrayBuffer, DataView, Object.getPrototypeOf(Uint8Array) as typeof Uint8Array];

// Deeper than any honest value; a cycle ends here too.
const maxDepth = 64;

/**
 * Takes the streams out of a value: `offer` numbers each. Throws `internal` (effect `none`) for functions, symbols,
 * promises and objects that cannot be copied, with the place where it found one: what comes out can always be sent.
 */
export function pack(value: unknown, offer: (stream: AnyStream, kind: StreamKind) => number): Packed {
  const streams: StreamRef[] = [];
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === "function" || typeof value === "symbol") throw notPlain(path, `a ${typeof value}`);
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof ReadableStream || Symbol.asyncIterator in value) {
      const kind: StreamKind = value instanceof ReadableStream ? "bytes" : "items";
      streams.push({ path, kind, id: offer(value as AnyStream, kind) });
      return null;
    }
    if (value instanceof Uint8Array) return tight(value);
    if (path.length > maxDepth) throw notPlain(path.slice(0, 4), "something nested too deep");
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (value instanceof Promise) throw notPlain(path, "a promise");
    if (cloned.some((kind) => value instanceof kind)) return value;
    if (value instanceof Map)
      return new Map(
        [...value].map(([key, item]) => [walk(key, [...path, "key"]), walk(item, [...path, String(key)])]),
      );
    if (value instanceof Set) return new Set([...value].map((item, index) => walk(item, [...path, index])));
    // Of an object of a class its own fields cross; one that keeps none (a URL, a Request) would arrive empty.
    if (!isPlain(value) && Object.keys(value).length === 0)
      throw notPlain(path, `an object of ${value.constructor?.name ?? "a class"}`);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  const plain = walk(value, []);
  return streams.length > 0 ? { value: plain, streams } : { value: plain };
}

/** Puts streams back in their places; a place that does not exist in the value is refused. */
export function unpack(packed: Packed, open: (ref: StreamRef) => AnyStream): unknown {
  let { value } = packed;
  for (const ref of packed.streams ?? []) {
    const stream = open(ref);
    const key = ref.path.at(-1);
    if (key === undefined) value = stream;
    else holderAt(value, ref.path.slice(0, -1))[key] = stream;
  }
  return value;
}

function holderAt(value: unknown, path: Path): Record<string | number, unknown> {
  let holder = value;
  for (const key of path) {
    // Own keys only: `__proto__` in a path leads nowhere.
    if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, key))
      throw new BotyardError("plugin_failed", "A stream came without its place", { effect: "unknown" });
    holder = (holder as Record<string | number, unknown>)[key];
  }
  return holder as Record<string | number, unknown>;
}

/** A clone of a view takes the whole buffer under it along: cut it to what is seen. */
export function tight(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength && Object.getPrototypeOf(bytes) === Uint8Array.prototype
    ? bytes
    : new Uint8Array(bytes);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function notPlain(path: Path, what: string): BotyardError {
  return new BotyardError(
    "internal",
    `Only plain data, bytes and streams cross between core and plugin; found ${what} at ${path.join(".") || "the top"}`,
  );
}
