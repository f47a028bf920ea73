import type { Clock } from "@botyard/sdk";
import { type Answered, readAnswer } from "./answer.ts";
import type { Cargo, Line, Lines, Way } from "./lines.ts";

/** What came back: the head, and the begin of the body. */
export interface Head {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly snippet: string | null;
}

export type Told = (error: Error | null, answer: Head | null) => void;

/** To the head of the answer. */
export const timeoutMs = 15_000;
/** The head has decided; what comes slowly after it is not waited for. */
const bodyMs = 1_000;
const snippetBytes = 1_024;
/** Longer bodies are not read to their end, and their connection is not used again. */
const mostBytes = 65_536;
const sweepMs = 500;

/** A request that waits for a connection or for its answer. */
interface Call {
  readonly signal: AbortSignal;
  since: number;
  /** When the head came; null: it has not. */
  headAt: number | null;
  late(): void;
  fail(error: Error): void;
}

/**
 * Sends whole requests and reads what comes back. `told` is called once, with one of the two. Callbacks and not promises,
 * because thousands of these are done each second.
 */
export function createExchange(
  clock: Clock,
  lines: Lines,
): (way: Way, text: string, signal: AbortSignal, told: Told) => void {
  // One look at all of them now and then: a timer for each would cost more than the request.
  const calls = new Set<Call>();
  let sweeping = false;
  const watched = new WeakSet<AbortSignal>();

  async function sweep(): Promise<void> {
    if (sweeping) return;
    sweeping = true;
    while (calls.size > 0) {
      await clock.sleep(sweepMs);
      const now = clock.now();
      for (const call of calls)
        if (call.headAt === null ? now - call.since >= timeoutMs : now - call.headAt >= bodyMs) call.late();
    }
    sweeping = false;
  }

  /** One listener for all requests of a signal: adding and removing one for each would cost as much as signing it. */
  function watch(signal: AbortSignal): void {
    if (watched.has(signal)) return;
    watched.add(signal);
    const stop = (): void => {
      for (const call of calls) if (call.signal === signal) call.fail(stoppedError());
    };
    signal.addEventListener("abort", stop, { once: true });
  }

  return function exchange(way, text, signal, told) {
    if (signal.aborted) return told(stoppedError(), null);
    let line: Line | null = null;
    let bytes: Buffer | null = null;
    let seen: Answered | null = null;

    const call: Call = {
      signal,
      since: clock.now(),
      headAt: null,
      late: () => (seen ? answered(seen, false) : fail(lateError())),
      fail,
    };
    const cargo: Cargo = {
      data(part) {
        bytes = bytes === null ? part : Buffer.concat([bytes, part]);
        look(bytes, false);
      },
      end(error) {
        const used = line?.used ?? 0;
        line = null;
        if (bytes !== null) return look(bytes, true);
        if (error && !isReset(error)) return fail(error);
        // It was closed while nobody used it: that says nothing of the receiver.
        if (used > 0) begin();
        else fail(new Error("it closed the connection without an answer"));
      },
    };
    calls.add(call);
    watch(signal);
    void sweep();
    begin();

    function begin(): void {
      call.since = clock.now();
      const free = lines.take(way);
      if (free) return carry(free);
      lines.dial(way).then(
        (made) => {
          if (calls.has(call)) carry(made);
          // Nobody waits for it any more; who comes next may have it.
          else lines.free(way, made);
        },
        (error: Error) => fail(error),
      );
    }

    function carry(taken: Line): void {
      line = taken;
      taken.cargo = cargo;
      call.since = clock.now();
      taken.socket.write(text);
    }

    function fail(error: Error): void {
      if (!calls.delete(call)) return;
      drop();
      told(error, null);
    }

    function drop(): void {
      if (!line) return;
      line.cargo = null;
      line.socket.destroy();
      line = null;
    }

    function answered(answer: Answered, keep: boolean): void {
      if (!calls.delete(call)) return;
      if (keep && line) lines.free(way, line);
      else drop();
      const { status, retryAfter, body } = answer;
      const snippet = body.byteLength === 0 ? null : body.toString("utf8", 0, Math.min(snippetBytes, body.byteLength));
      told(null, { status, retryAfter, snippet });
    }

    function look(all: Buffer, ended: boolean): void {
      try {
        seen = readAnswer(all, ended);
      } catch (error) {
        return fail(error as Error);
      }
      if (seen === null) {
        if (ended) fail(new Error("it closed the connection in the middle of its answer"));
        return;
      }
      if (seen.whole) return answered(seen, seen.keep);
      if (all.byteLength > mostBytes || seen.body.byteLength >= snippetBytes * 2) return answered(seen, false);
      call.headAt ??= clock.now();
    }
  };
}

export const stoppedError = (): Error => new Error("Botyard stopped waiting");
export const lateError = (): Error => new Error(`nothing was answered in ${timeoutMs / 1000} s`);

function isReset(error: Error): boolean {
  const code = "code" in error ? String(error.code) : "";
  return ["ECONNRESET", "EPIPE", "ERR_SOCKET_CLOSED", "ECONNABORTED"].includes(code);
}
