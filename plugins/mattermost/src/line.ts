import { BotyardError, isBotyardError, type Socket } from "@botyard/sdk";
import type { Context } from "./context.ts";
import { isEvent, readFrame } from "./frames.ts";
import { textOf, type WireEvent, type WireReply } from "./wire.ts";

/** Where a socket may go on: its connection and the seq of the next event. */
export interface Place {
  readonly connectionId: string;
  readonly next: number;
}

export interface LineOptions {
  readonly handle: string;
  readonly token: string;
  /** Where to go on; null: from now. */
  readonly place: Place | null;
  readonly signal: AbortSignal;
}

/** A WebSocket of a bot that has proven that it hears. */
export interface Line {
  readonly connectionId: string;
  /** Whether the server goes on where the place was; else what was in between may be missing. */
  readonly resumed: boolean;
  /** Events in order, without holes and repeats. Throws `upstream` at a hole, `unreachable` when the line breaks. */
  readonly events: AsyncIterable<readonly WireEvent[]>;
  /** Seq of the first event of `events`, which may be waiting already. */
  readonly first: number;
  /** Rejects with `unreachable` when the server says that the login no longer holds. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The server cuts a socket without a login after five seconds. */
const loginMs = 6_000;
/** Events read ahead of the disk; the socket holds the server back beyond it. */
const mostAhead = 512;

export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
}

export const lost = (detail: string, cause?: unknown): BotyardError =>
  new BotyardError("unreachable", detail, { effect: "none", ...(cause === undefined ? {} : { cause }) });

/**
 * Opens a socket and waits until it hears: `hello`, or an answered ping where it was resumed and nothing was missed. A
 * bad token is upgraded all the same and hears nothing, so that silence for six seconds is a refusal: `LoginRefused`.
 */
export async function openLine(context: Context, { handle, token, place, signal }: LineOptions): Promise<Line> {
  const { host } = context;
  const address = new URL(`${context.url}/api/v4/websocket`);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  if (place !== null) {
    address.searchParams.set("connection_id", place.connectionId);
    address.searchParams.set("sequence_number", String(place.next));
  }
  const socket = await open(context, address.href, token, signal);
  return new Promise<Line>((resolve, reject) => {
    let connectionId = place?.connectionId ?? "";
    let next = place?.next ?? 0;
    let first = next;
    let seq = 0;
    let settled = false;
    const waiting = new Map<number, { ok(): void; fail(error: Error): void }>();
    const queue: WireEvent[] = [];
    let ended: { readonly error: Error | null } | null = null;
    let wake = (): void => {};
    let drained = (): void => {};
    const late = new AbortController();

    const line = (resumed: boolean): Line => ({
      connectionId,
      resumed,
      events: { [Symbol.asyncIterator]: () => ({ next: take, return: leave }) },
      first,
      ping: () => act("ping"),
      close: async () => {
        await socket.close(1000).catch(() => {});
      },
    });

    function ready(resumed: boolean): void {
      if (settled) return;
      settled = true;
      late.abort();
      resolve(line(resumed));
    }

    function end(error: Error | null): void {
      if (ended) return;
      ended = { error };
      late.abort();
      const reason = error ?? lost("the server closed the socket");
      for (const { fail } of waiting.values()) fail(reason);
      waiting.clear();
      if (!settled) {
        settled = true;
        reject(reason);
      }
      void socket.close().catch(() => {});
      wake();
      drained();
    }

    async function take(): Promise<IteratorResult<readonly WireEvent[], undefined>> {
      for (;;) {
        if (queue.length > 0) {
          const batch = queue.splice(0);
          drained();
          return { done: false, value: batch };
        }
        if (ended?.error) throw ended.error;
        if (ended) return { done: true, value: undefined };
        await new Promise<void>((told) => (wake = told));
      }
    }

    async function leave(): Promise<IteratorResult<readonly WireEvent[], undefined>> {
      end(null);
      return { done: true, value: undefined };
    }

    function act(action: string, data?: object): Promise<void> {
      const number = ++seq;
      return new Promise<void>((ok, fail) => {
        if (ended) return fail(ended.error ?? lost("the socket is closed"));
        waiting.set(number, { ok, fail });
        socket.send(JSON.stringify({ seq: number, action, ...(data ? { data } : {}) })).catch(fail);
      });
    }

    function hear(frame: WireEvent | WireReply): void {
      if (!isEvent(frame)) {
        const asked = waiting.get(frame.seq_reply ?? 0);
        waiting.delete(frame.seq_reply ?? 0);
        if (frame.status === "OK") asked?.ok();
        else asked?.fail(lost(`the socket no longer hears: ${frame.error?.id ?? "the server refused a ping"}`));
        return;
      }
      if (frame.event === "hello") {
        connectionId = textOf(frame.data["connection_id"]) ?? connectionId;
        next = frame.seq + 1;
        first = next;
        return ready(false);
      }
      if (frame.seq < next) return; // sent again by the server
      if (frame.seq > next) return end(new HoleError(next, frame.seq));
      next += 1;
      queue.push(frame);
      wake();
    }

    void (async () => {
      try {
        for await (const message of socket.messages) {
          const frame = typeof message === "string" ? readFrame(message) : null;
          if (frame === null) {
            // Skipped: if it was an event, the next one shows the hole.
            host.log.warn("a frame of the WebSocket could not be read", { bot: handle });
            continue;
          }
          hear(frame);
          if (ended) return;
          if (queue.length >= mostAhead) await new Promise<void>((told) => (drained = told));
        }
        end(
          settled
            ? lost("the server closed the socket")
            : new LoginRefused("the server closed the socket without a hello"),
        );
      } catch (error) {
        end(
          settled || signal.aborted
            ? toError(error)
            : new LoginRefused("the socket was cut without a hello", { cause: error }),
        );
      }
    })();

    // Where nothing was missed a resumed socket says nothing by itself.
    if (place !== null) act("ping").then(() => ready(true), end);
    host.clock.sleep(loginMs, late.signal).then(
      () => end(new LoginRefused("no hello came in six seconds")),
      () => {},
    );
    signal.addEventListener("abort", () => end(toError(signal.reason)), { once: true });
  });
}

/** Events are missing in the stream itself. */
export class HoleError extends BotyardError {
  readonly wanted: number;

  constructor(wanted: number, got: number) {
    super("upstream", `the server's stream went from ${wanted - 1} to ${got}`);
    this.wanted = wanted;
  }
}

async function open(context: Context, url: string, token: string, signal: AbortSignal): Promise<Socket> {
  try {
    return await context.host.socket(url, { headers: { authorization: `Bearer ${token}` }, signal });
  } catch (error) {
    // Sockets share the budget of the address with requests; the answer's Retry-After does not reach us.
    if (isBotyardError(error) && error.details.upstream?.status === 429)
      context.host.limit({ bucket: "", pauseMs: 1_000 });
    throw error;
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : lost("the socket ended", error);
}
