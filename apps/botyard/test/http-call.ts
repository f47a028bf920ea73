import { readFileSync } from "node:fs";
import { request } from "node:http";
import type { Machine, Running } from "./program.ts";

export type Json = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** `{}` where the answer is no JSON. */
  readonly body: Json;
}

export interface Send {
  /** An object becomes JSON with its content type; text and bytes go as they are. */
  readonly body?: Json | string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without `Content-Length`, in pieces. */
  readonly chunked?: boolean;
}

/** One service, and who calls it. */
export interface Caller {
  readonly url: string;
  readonly key: string;
  /** The path goes out as it stands, also with `..` in it; headers of `send` win. */
  call(method: string, path: string, send?: Send): Promise<Answer>;
  /** The same where only this status will do; answers the body. */
  must(status: number, method: string, path: string, body?: Json): Promise<Json>;
  /** The same service with another key. */
  as(key: string): Caller;
}

/** Plain requests with every header in our hands: `fetch` tidies up what bad input is made of. */
export function createCaller(url: string, key: string): Caller {
  const call: Caller["call"] = (method, path, { body, headers = {}, chunked = false } = {}) => {
    const isJson = typeof body === "object" && !(body instanceof Uint8Array);
    const bytes = body === undefined ? null : Buffer.from(isJson ? JSON.stringify(body) : body);
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          hostname,
          port,
          method,
          path,
          agent: false,
          headers: {
            ...(headers["authorization"] === "" ? {} : { authorization: `Bearer ${key}` }),
            ...(isJson ? { "content-type": "application/json" } : {}),
            ...(bytes === null || chunked ? {} : { "content-length": String(bytes.byteLength) }),
            ...Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== "")),
          },
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (part: string) => (text += part));
          response.on("error", reject);
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parse(text) }),
          );
        },
      );
      sent.on("error", reject);
      // In one piece it would get a length after all.
      if (chunked) sent.write(bytes);
      sent.end(chunked ? undefined : (bytes ?? undefined));
    });
  };
  return {
    url,
    key,
    call,
    async must(status, method, path, body) {
      const answer = await call(method, path, body === undefined ? {} : { body });
      if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
      return answer.body;
    },
    as: (other) => createCaller(url, other),
  };
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}

/** `botyard demo` of this runtime: a service in memory with `chat`, its bot `helper` and the room `lobby`. */
export async function startDemo(machine: Machine): Promise<Caller & { readonly demo: Running }> {
  const demo = machine.start(["demo", "--json"]);
  const [line] = await demo.until(/^\{"url".*\}$/m);
  const { url, key } = JSON.parse(line) as { url: string; key: string };
  return { ...createCaller(url, key), demo };
}

/** `botyard serve` on free ports; the caller has the admin key. */
export async function startServe(
  machine: Machine,
  ...flags: readonly string[]
): Promise<Caller & { readonly service: Running; readonly hooksUrl: string }> {
  const hooks = flags.includes("--hooks-listen") ? [] : ["--hooks-listen", "127.0.0.1:0"];
  const service = machine.start(["serve", "--json", "--listen", "127.0.0.1:0", ...hooks, ...flags]);
  const [line] = await service.until(/^\{"url".*\}$/m);
  const { url, hooksUrl } = JSON.parse(line) as { url: string; hooksUrl: string };
  const key = readFileSync(`${machine.data}/admin.key`, "utf8").trim();
  return { ...createCaller(url, key), service, hooksUrl };
}

/** Asks again until the answer satisfies; the last one is in the error. */
export async function until<T>(ask: () => Promise<T>, good: (answer: T) => boolean, limitMs = 10_000): Promise<T> {
  for (const end = Date.now() + limitMs; ;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (Date.now() > end) throw new Error(`not in ${limitMs} ms: ${JSON.stringify(answer).slice(0, 1000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
