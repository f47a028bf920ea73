import type { World } from "./model.ts";
import { parseBody, type BodyShape, type Parsed } from "./refusal.ts";

/** One request on its way through the handlers. */
export interface Ask {
  readonly world: World;
  readonly url: URL;
  readonly headers: Headers;
  /** The parts of the path that the route leaves open, decoded. */
  readonly at: readonly string[];
  readonly text: string;
  body<const S extends BodyShape>(shape: S): Parsed<S>;
}

/** Undefined: 204. */
export type Handle = (ask: Ask) => unknown;

export interface Route {
  readonly method: string;
  readonly parts: readonly string[];
  readonly handle: Handle;
}

/** `GET /bots/*`: a star stands for one part. */
export function route(line: string, handle: Handle): Route {
  const [method = "", path = ""] = line.split(" ");
  return { method, parts: path.split("/").slice(1), handle };
}

export function matching(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; at: string[] } | null {
  const parts = path.split("/").slice(1);
  for (const one of routes) {
    if (one.method !== method || one.parts.length !== parts.length) continue;
    if (one.parts.every((part, index) => part === "*" || part === parts[index])) {
      const at = parts.filter((_, index) => one.parts[index] === "*").map((part) => decodeURIComponent(part));
      return { route: one, at };
    }
  }
  return null;
}

export function askOf(world: World, url: URL, headers: Headers, text: string, at: readonly string[]): Ask {
  return { world, url, headers, at, text, body: (shape) => parseBody(text, shape) };
}
