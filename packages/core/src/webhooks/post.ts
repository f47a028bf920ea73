import { type Clock, isBotyardError } from "@botyard/sdk";
import { type Lookup, resolveEndpoint } from "./address.ts";
import { type Answered, readAnswer } from "./answer.ts";
import { createLines, type Line, type Way } from "./lines.ts";

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
/** Longer bodies are not read to their end, and their connection is not used again. */
const mostBytes = 65_536;
const sweepMs = 500;

interface Waiting {
  readonly since: number;
  /** When the head came; null: it has not. */
  headAt: number | null;
  late(): void;
}

export function createPost({ clock, lookup, ca }: PostParts): Post & { close(): void } {
  const lines = createLines({ ca });
  // One look at all of them now and then: a timer for each would cost more than the request.
  const waiting = new Set<Waiting>();
  let sweeping = false;

  async function sweep(): Promise<void> {
    if (sweeping) return;
    sweeping = true;
    while (waiting.size > 0) {
      await clock.sleep(sweepMs);
      const now = clock.now();
      for (const one of waiting)
        if (one.headAt === null ? now - one.since >= timeoutMs : now - one.headAt >= bodyMs) one.late();
    }
    sweeping = false;
  }

  async function post(request: PostRequest): Promise<PostAnswer> {
    const started = clock.now();
    const none = { status: null, retryAfter: null, snippet: null };
    try {
      const url = new URL(request.url);
      // A name that nobody answers for holds up its own endpoint, and that no longer than one that does not answer.
      const named: Lookup = (host) => inTime(request.signal, () => lookup(host));
      const address = await resolveEndpoint(url, request.privateNetwork, named);
      const secure = url.protocol === "https:";
      const way: Way = {
        secure,
        name: url.hostname.replace(/^\[|\]$/g, ""),
        address,
        port: Number(url.port) || (secure ? 443 : 80),
      };
      const answer = await send(way, textOf(url, request), request.signal);
      return { ...answer, reason: null, tookMs: clock.now() - started };
    } catch (error) {
      return { ...none, reason: sentence(error), tookMs: clock.now() - started };
    }
  }

  async function send(way: Way, text: string, signal: AbortSignal) {
    for (;;) {
      const line = lines.take(way) ?? (await dialed(way, signal));
      const again = line.used > 0;
      const answer = await exchange(way, line, text, signal);
      if (answer !== null) return answer;
      // It was closed while nobody used it: that says nothing of the receiver.
      if (!again) throw new Error("it closed the connection without an answer");
    }
  }

  /** Rejects when there is no connection for too long, or nobody waits any more. */
  function dialed(way: Way, signal: AbortSignal): Promise<Line> {
    // One that comes too late is closed when it has been idle.
    return inTime(signal, () => lines.dial(way));
  }

  function inTime<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (): void => fail(stoppedError());
      const one: Waiting = { since: clock.now(), headAt: null, late: () => fail(lateError()) };
      const over = (): void => {
        waiting.delete(one);
        forgetStop(signal, stop);
      };
      const fail = (error: unknown): void => {
        over();
        reject(error as Error);
      };
      waiting.add(one);
      onStop(signal, stop);
      void sweep();
      work().then((value) => (over(), resolve(value)), fail);
    });
  }

  /** Null: the line ended before a byte of an answer came. */
  function exchange(way: Way, line: Line, text: string, signal: AbortSignal) {
    return new Promise<Pick<PostAnswer, "status" | "retryAfter" | "snippet"> | null>((resolve, reject) => {
      let bytes: Buffer | null = null;
      let seen: Answered | null = null;
      const one: Waiting = {
        since: clock.now(),
        headAt: null,
        late: () => (seen ? answered(seen, false) : fail(lateError())),
      };
      const over = (): void => {
        waiting.delete(one);
        forgetStop(signal, stop);
        line.onData = null;
        line.onEnd = null;
      };
      const stop = (): void => fail(stoppedError());
      const fail = (error: Error): void => {
        over();
        line.socket.destroy();
        reject(error);
      };
      const answered = (answer: Answered, keep: boolean): void => {
        over();
        if (keep) lines.free(way, line);
        else line.socket.destroy();
        const snippet = answer.body.toString("utf8", 0, Math.min(snippetBytes, answer.body.byteLength));
        resolve({ status: answer.status, retryAfter: answer.retryAfter, snippet: snippet === "" ? null : snippet });
      };
      const look = (ended: boolean): void => {
        if (bytes === null) return;
        try {
          seen = readAnswer(bytes, ended);
        } catch (error) {
          return fail(error as Error);
        }
        if (seen === null)
          return ended ? fail(new Error("it closed the connection in the middle of its answer")) : undefined;
        one.headAt ??= clock.now();
        if (seen.whole) answered(seen, seen.keep);
        else if (bytes.byteLength > mostBytes || seen.body.byteLength >= snippetBytes * 2) answered(seen, false);
      };
      line.onData = (part) => {
        bytes = bytes === null ? part : Buffer.concat([bytes, part]);
        look(false);
      };
      line.onEnd = (error) => {
        if (bytes !== null) return look(true);
        over();
        if (error && !isReset(error)) reject(error);
        else resolve(null);
      };
      if (signal.aborted) return stop();
      onStop(signal, stop);
      waiting.add(one);
      void sweep();
      line.socket.write(text);
    });
  }

  return Object.assign(post, { close: () => lines.close() });
}

// One listener for all requests of a signal: adding and removing one for each would cost as much as signing it.
const stops = new WeakMap<AbortSignal, Set<() => void>>();

function onStop(signal: AbortSignal, stop: () => void): void {
  if (signal.aborted) return stop();
  let all = stops.get(signal);
  if (!all) {
    const made = new Set<() => void>();
    all = made;
    stops.set(signal, made);
    signal.addEventListener("abort", () => [...made].forEach((one) => one()), { once: true });
  }
  all.add(stop);
}

function forgetStop(signal: AbortSignal, stop: () => void): void {
  stops.get(signal)?.delete(stop);
}

const stoppedError = (): Error => new Error("Botyard stopped waiting");
const lateError = (): Error => new Error(`nothing was answered in ${timeoutMs / 1000} s`);

/** The whole request. What is in its head is of our making; a line break in it would be a defect of ours. */
function textOf(url: URL, { headers, body }: PostRequest): string {
  let head = `POST ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? "";
    if (/[\r\n]/.test(value)) throw new Error("a header of it holds a line break");
    head += `${name}: ${value}\r\n`;
  }
  head += `content-type: application/json\r\nuser-agent: Botyard\r\ncontent-length: ${Buffer.byteLength(body)}`;
  return `${head}\r\n\r\n${body}`;
}

function isReset(error: Error): boolean {
  const code = "code" in error ? String(error.code) : "";
  return ["ECONNRESET", "EPIPE", "ERR_SOCKET_CLOSED", "ECONNABORTED"].includes(code);
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
