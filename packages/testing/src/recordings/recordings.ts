import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A request to a real server, with its answer. */
export interface Recording {
  /** File name without its ending: `030-users-me-with-pat`. */
  readonly name: string;
  readonly note: string | null;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  };
  readonly response: { readonly status: number; readonly json?: unknown };
}

/**
 * The recordings of HTTP exchanges in a folder, by name; what is none (an index, a pushed request, a command line) is
 * left out. Throws where a file is no JSON.
 */
export function loadRecordings(folder: string): readonly Recording[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .toSorted()
    .flatMap((file) => toRecording(file.slice(0, -5), JSON.parse(readFileSync(join(folder, file), "utf8"))));
}

function toRecording(name: string, value: unknown): Recording[] {
  const found = value as Partial<Omit<Recording, "request">> & {
    readonly dir?: string;
    readonly request?: Partial<Recording["request"]>;
  };
  const { method, url, headers = {}, body = null } = found.request ?? {};
  if (method === undefined || url === undefined || found.dir === "in") return [];
  if (typeof found.response?.status !== "number") return [];
  return [{ name, note: found.note ?? null, request: { method, url, headers, body }, response: found.response }];
}
