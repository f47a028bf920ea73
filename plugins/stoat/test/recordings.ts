import { readdirSync, readFileSync } from "node:fs";

/** One exchange over HTTP. */
export interface Exchange {
  readonly number: number;
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    /** JSON as a value, other bodies as text; `<139 bytes>` for a form. */
    readonly body: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: readonly (readonly [string, string])[];
    /** Null where it was not text. */
    readonly body: string | null;
    readonly json?: unknown;
  };
}

export interface Line {
  readonly t: number;
  readonly dir: "in" | "out" | "event" | "note";
  readonly type?: string;
  readonly json?: unknown;
  readonly text?: string;
}

/** One socket. */
export interface Connection {
  readonly name: string;
  readonly url: string;
  readonly note: string;
  readonly lines: readonly Line[];
}

const folder = new URL("fixtures/recordings/", import.meta.url);
const names = readdirSync(folder).sort();
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");

export const exchanges: readonly Exchange[] = names
  .filter((name) => name.endsWith(".json"))
  .map((name) => {
    const { request, response } = JSON.parse(read(name)) as Exchange;
    // some answers are JSON without saying so
    const json = response.json ?? (response.body?.startsWith("{") ? (JSON.parse(response.body) as unknown) : undefined);
    return { name: name.slice(0, -5), number: Number(name.slice(0, 3)), request, response: { ...response, json } };
  });

export const connections: readonly Connection[] = names
  .filter((name) => name.endsWith(".jsonl"))
  .map((name) => {
    const [first = "{}", ...rest] = read(name).trim().split("\n");
    const { url, note } = JSON.parse(first) as { url: string; note: string };
    return { name: name.slice(0, -6), url, note, lines: rest.map((line) => JSON.parse(line) as Line) };
  });
