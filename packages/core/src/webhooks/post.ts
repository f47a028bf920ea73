import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { isIP } from "node:net";
import { type Clock, isBotyardError } from "@botyard/sdk";
import { type Lookup, resolveEndpoint } from "./address.ts";

export interface PostRequest {
  readonly url: string;
  readonly privateNetwork: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** What came back; `status` null: nothing did, and `reason` says why. */
export interface PostAnswer {
  readonly status: number | null;
  readonly retryAfter: string | null;
  /** Begin of the body. */
  readonly snippet: string | null;
  readonly reason: string | null;
  readonly tookMs: number;
}

/** Posts once: no redirects, no repeats. Never throws. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

export interface PostParts {
  readonly clock: Clock;
  readonly lookup: Lookup;
  /** Certificates to trust beside the system's, PEM. For tests. */
  readonly ca?: string;
}

/** To the head of the answer. */
const timeoutMs = 15_000;
/** The head has decided; what comes slowly after it is not waited for. */
const bodyMs = 1_000;
const snippetBytes = 1_024;

export function createPost({ clock, lookup, ca }: PostParts): Post & { close(): void } {
  const plain = new PlainAgent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 16 });
  // One agent for each name: a connection proven to be of one name is never used for another.
  const tls = new Map<string, TlsAgent>();
  const tlsAgent = (name: string): TlsAgent => {
    const agent = tls.get(name) ?? new TlsAgent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 16 });
    tls.set(name, agent);
    return agent;
  };

  async function post(request: PostRequest): Promise<PostAnswer> {
    const started = clock.now();
    const none = { status: null, retryAfter: null, snippet: null };
    try {
      const url = new URL(request.url);
      const address = await resolveEndpoint(url, request.privateNetwork, lookup);
      return { ...(await send(url, address, request)), tookMs: clock.now() - started };
    } catch (error) {
      return { ...none, reason: sentence(error), tookMs: clock.now() - started };
    }
  }

  function send(
    url: URL,
    address: string,
    { headers, body, signal }: PostRequest,
  ): Promise<Omit<PostAnswer, "tookMs">> {
    return new Promise((resolve, reject) => {
      const name = url.hostname.replace(/^\[|\]$/g, "");
      const secure = url.protocol === "https:";
      const options = {
        host: address,
        port: Number(url.port) || (secure ? 443 : 80),
        method: "POST",
        path: `${url.pathname}${url.search}`,
        headers: {
          ...headers,
          host: url.host,
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(body)),
          "user-agent": "Botyard",
        },
      };
      const done = new AbortController();
      const sent = secure
        ? tlsRequest({
            ...options,
            agent: tlsAgent(name),
            ...(isIP(name) > 0 ? {} : { servername: name }),
            ...(ca === undefined ? {} : { ca }),
          })
        : plainRequest({ ...options, agent: plain });
      const end = (): void => {
        done.abort();
        signal.removeEventListener("abort", stop);
      };
      const fail = (error: unknown): void => {
        end();
        sent.destroy();
        reject(error as Error);
      };
      const stop = (): void => fail(new Error("Botyard stopped waiting"));
      // Before anything can be destroyed: a request says so once more.
      sent.on("error", fail);
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) return stop();
      clock.sleep(timeoutMs, done.signal).then(
        () => fail(new Error(`nothing was answered in ${timeoutMs / 1000} s`)),
        () => {}, // answered before
      );
      sent.on("response", (answer) => {
        end();
        const status = answer.statusCode ?? 0;
        const retryAfter = answer.headers["retry-after"] ?? null;
        void readSnippet(answer, clock).then(({ text, whole }) => {
          if (!whole) sent.destroy();
          resolve({ status, retryAfter, snippet: text, reason: null });
        });
      });
      sent.end(body);
    });
  }

  return Object.assign(post, {
    close() {
      plain.destroy();
      for (const agent of tls.values()) agent.destroy();
    },
  });
}

/** The begin of a body: until it ends, is long enough, breaks, or takes too long. */
function readSnippet(answer: IncomingMessage, clock: Clock): Promise<{ text: string | null; whole: boolean }> {
  return new Promise((resolve) => {
    const done = new AbortController();
    const parts: Buffer[] = [];
    let size = 0;
    const end = (whole: boolean): void => {
      if (done.signal.aborted) return;
      done.abort();
      const text = Buffer.concat(parts).subarray(0, snippetBytes).toString("utf8");
      resolve({ text: text === "" ? null : text, whole });
    };
    clock.sleep(bodyMs, done.signal).then(
      () => end(false),
      () => {}, // it ended before
    );
    answer.on("data", (part: Buffer) => {
      if (done.signal.aborted) return;
      parts.push(part);
      size += part.byteLength;
      if (size > snippetBytes) end(false);
    });
    answer.on("end", () => end(true));
    answer.on("error", () => end(false));
    answer.on("close", () => end(false));
  });
}

function sentence(error: unknown): string {
  if (isBotyardError(error)) return error.message;
  const code = error instanceof Error && "code" in error ? String(error.code) : null;
  if (code?.startsWith("ERR_TLS") || code?.includes("CERT") || code === "EPROTO")
    return `its certificate was not accepted (${code})`;
  if (code !== null) return `it could not be reached (${code})`;
  return error instanceof Error ? error.message : "it could not be reached";
}
