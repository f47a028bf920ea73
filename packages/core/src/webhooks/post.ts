import { isIP } from "node:net";
import { type Clock, isBotyardError } from "@botyard/sdk";
import { timer } from "../host/clock.ts";
import { allowedOf, hostOf, type Lookup, resolveEndpoint } from "./address.ts";
import { createExchange, type Head, lateError, stoppedError, timeoutMs } from "./exchange.ts";
import { createLines, type Way } from "./lines.ts";

export interface PostRequest {
  readonly url: string;
  readonly privateNetwork: boolean;
  /** Lines of its head beside those each request has, every one with its end: `webhook-id: evt_1\r\n`. Of our own making. */
  readonly head: string;
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

export const noAnswer: PostAnswer = { status: null, retryAfter: null, snippet: null, reason: null, tookMs: 0 };

/** Posts once: no redirects, no repeats. Never throws. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

export interface PostParts {
  readonly clock: Clock;
  readonly lookup: Lookup;
  /** Certificates to trust beside the system's, PEM. For tests. */
  readonly ca?: string;
}

/** What is the same for all requests to an address. */
interface Target {
  readonly url: URL;
  /** What they begin with. */
  readonly head: string;
  /** Where its host is an address and no name: nothing has to be asked, and what was allowed stays allowed. */
  readonly fixed: Way | null;
  /** Where its name led the last time. */
  last: Way | null;
}

/** Addresses that are remembered; there are not that many webhooks. */
const mostTargets = 1_000;

export function createPost({ clock, lookup, ca }: PostParts): Post & { close(): void } {
  const lines = createLines({ ca });
  const exchange = createExchange(clock, lines);
  const targets = { private: new Map<string, Target>(), public: new Map<string, Target>() };

  function targetOf(address: string, privateNetwork: boolean): Target {
    const known = targets[privateNetwork ? "private" : "public"];
    let target = known.get(address);
    if (!target) {
      if (known.size >= mostTargets) known.clear();
      target = makeTarget(address, privateNetwork);
      known.set(address, target);
    }
    return target;
  }

  function post(request: PostRequest): Promise<PostAnswer> {
    const started = clock.now();
    return new Promise((resolve) => {
      const told = (error: unknown, answer: Head | null): void => {
        const tookMs = clock.now() - started;
        if (answer) resolve({ ...answer, reason: null, tookMs });
        else resolve({ ...noAnswer, reason: sentence(error), tookMs });
      };
      let target: Target;
      try {
        target = targetOf(request.url, request.privateNetwork);
      } catch (error) {
        return told(error, null);
      }
      const send = (way: Way): void => exchange(way, textOf(target, request), request.signal, told);
      if (target.fixed) return send(target.fixed);
      // A name that nobody answers for holds up its own endpoint, and that no longer than one that does not answer.
      const named: Lookup = (host) => inTime(clock, request.signal, () => lookup(host));
      resolveEndpoint(target.url, request.privateNetwork, named).then(
        (address) => {
          if (target.last?.address !== address) target.last = wayTo(target.url, address);
          send(target.last);
        },
        (error: unknown) => told(error, null),
      );
    });
  }

  return Object.assign(post, { close: () => lines.close() });
}

function inTime<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(stoppedError());
    const stop = (): void => leave(() => reject(stoppedError()));
    const cancel = timer(clock, timeoutMs, () => leave(() => reject(lateError())));
    const leave = (settle: () => void): void => {
      cancel();
      signal.removeEventListener("abort", stop);
      settle();
    };
    signal.addEventListener("abort", stop, { once: true });
    work().then(
      (value) => leave(() => resolve(value)),
      (error: Error) => leave(() => reject(error)),
    );
  });
}

/** Throws where its address may not be reached. */
function makeTarget(address: string, privateNetwork: boolean): Target {
  const url = new URL(address);
  const host = hostOf(url);
  return {
    url,
    head: `POST ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`,
    fixed: isIP(host) > 0 ? wayTo(url, allowedOf(url, privateNetwork, [host])) : null,
    last: null,
  };
}

function wayTo(url: URL, address: string): Way {
  const secure = url.protocol === "https:";
  return { secure, name: hostOf(url), address, port: Number(url.port) || (secure ? 443 : 80) };
}

const always = "content-type: application/json\r\nuser-agent: Botyard\r\ncontent-length: ";

/** The whole request. */
function textOf(target: Target, { head, body }: PostRequest): string {
  return `${target.head}${head}${always}${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function sentence(error: unknown): string {
  if (isBotyardError(error)) return error.message;
  const code = error instanceof Error && "code" in error ? String(error.code) : null;
  if (code !== null && /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code))
    return `its certificate was not accepted (${code})`;
  if (code !== null && /^ERR_(SSL|TLS)_|^EPROTO$/.test(code)) return `it does not speak TLS as expected (${code})`;
  if (code !== null) return `it could not be reached (${code})`;
  return error instanceof Error ? error.message : "it could not be reached";
}
