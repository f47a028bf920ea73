import type { Descriptor } from "@botyard/core";

const prefix = "/v1";

/** `/connections/{connection}/bots` → `/v1/connections/:connection/bots` */
export function toPattern(path: string): string {
  return prefix + path.replace(/\{([^}]+)\}/g, ":$1");
}

/** Fixed segments before parameters, so that `/events/stream` is not taken for the event named `stream`. */
export function inRoutingOrder(descriptors: Iterable<Descriptor>): readonly Descriptor[] {
  const rank = (path: string): string => path.replace(/\{[^}]+\}/g, "\uffff");
  return [...descriptors].sort((a, b) => (rank(a.path) < rank(b.path) ? -1 : rank(a.path) > rank(b.path) ? 1 : 0));
}

/** Methods of each path: what answers 405 with `allow`. */
export function methodsByPattern(descriptors: Iterable<Descriptor>): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>();
  for (const { method, path } of inRoutingOrder(descriptors)) {
    const pattern = toPattern(path);
    methods.set(pattern, [...(methods.get(pattern) ?? []), method]);
  }
  return methods;
}

/** The path as it was sent. Hono would decode it a first time here and its parameters a second time. */
export function rawPath(request: Request): string {
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}
