import { BotyardError, isBotyardError, type Outcome } from "@botyard/sdk";
import { createIncoming } from "./incoming.ts";
import { errorData, errorFrom, isMessage, reasonData, type Message, type Packed } from "./message.ts";
import { createOutgoing } from "./outgoing.ts";
import { pack, unpack } from "./pack.ts";
import type { Port } from "./port.ts";

/** Answers a call of the other side. What it throws crosses as ErrorData. */
export type Serve = (method: string, args: readonly unknown[], signal: AbortSignal) => unknown;

export interface CallOptions {
  /** Its abort crosses, with the reason; the answer is still waited for, because it says what was done. */
  readonly signal?: AbortSignal | undefined;
  /** What is known of the effect when the line breaks in the middle; default `unknown`. */
  readonly effect?: Outcome;
}

export interface Peer {
  /**
   * Arguments and answer are plain data; a ReadableStream of bytes or an AsyncIterable anywhere in them crosses as a
   * stream. Throws what the other side threw; `plugin_failed` when the line is down: effect `none` where the call was
   * never sent, else `options.effect`.
   */
  call(method: string, args: readonly unknown[], options?: CallOptions): Promise<unknown>;
  /** A call nobody waits for, in order with all others. False where it could not be sent. */
  notify(method: string, args: readonly unknown[]): boolean;
  /** Calls made here that have no answer yet. */
  waiting(): number;
  /** Tells the other side that this one is at its end, then closes the port. */
  abandon(error: BotyardError): void;
  close(reason: string): void;
  /** At once where it is closed already. */
  onClose(listener: (reason: string) => void): void;
}

export interface PeerParts {
  readonly port: Port;
  readonly serve: Serve;
  /** Turns what is no BotyardError into one. */
  readonly wrap: (method: string, args: readonly unknown[], error: unknown) => BotyardError;
}

interface Pending {
  settle(): void;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  readonly effect: Outcome;
}

export type Methods = Readonly<Record<string, (signal: AbortSignal, ...args: never[]) => unknown>>;

/** `serve` out of a record of methods. Both ends have the same version of this file, so arguments are not checked again. */
export function serveMethods(methods: Methods): Serve {
  return (method, args, signal) => {
    const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (!run) throw new BotyardError("internal", `The channel has no method "${method}"`);
    return run(signal, ...(args as never[]));
  };
}

/** One side of the channel. Both sides are the same: each calls and serves. */
export function createPeer({ port, serve, wrap }: PeerParts): Peer {
  const pending = new Map<number, Pending>();
  const serving = new Map<number, AbortController>();
  const closers: ((reason: string) => void)[] = [];
  let last = 0;
  let closed: string | null = null;
  const send = (message: Message): void => port.send(message);
  const outgoing = createOutgoing(send);
  const incoming = createIncoming(send);

  function end(reason: string): void {
    if (closed !== null) return;
    closed = reason;
    for (const { reject, settle, effect } of pending.values()) {
      settle();
      reject(lost(reason, effect));
    }
    pending.clear();
    for (const controller of serving.values()) controller.abort(lost(reason, "unknown"));
    serving.clear();
    outgoing.stopAll(lost(reason, "unknown"));
    incoming.failAll(lost(reason, "unknown"));
    for (const closer of closers.splice(0)) closer(reason);
  }

  async function answer(id: number, method: string, args: Packed): Promise<void> {
    const controller = new AbortController();
    const sent: number[] = [];
    let open = 0;
    let values: readonly unknown[] = [];
    const over = (reason?: unknown): void => {
      serving.delete(id);
      for (const stream of sent) incoming.stop(stream, reason);
    };
    try {
      values = unpack(args, (ref) => {
        sent.push(ref.id);
        return incoming.open(ref);
      }) as readonly unknown[];
      if (id !== 0) serving.set(id, controller);
      const value = await serve(method, values, controller.signal);
      if (id === 0) return;
      const packed = outgoing.pack(value, (how) => {
        // Nobody reads the answer any more: whatever still works for it may stop.
        if (how === "stopped") controller.abort(errorFrom(reasonData(undefined)));
        if (--open === 0) over();
      });
      open = packed.streams?.length ?? 0;
      send({ type: "ok", id, answer: packed });
      if (open === 0) over();
    } catch (error) {
      const known = isBotyardError(error) ? error : wrap(method, values, error);
      over(known);
      if (id !== 0) send({ type: "no", id, error: errorData(known) });
    }
  }

  function receive(message: Message): void {
    switch (message.type) {
      case "call":
        return void answer(message.id, message.method, message.args);
      case "abort":
        return serving.get(message.id)?.abort(errorFrom(message.reason));
      case "ok":
      case "no": {
        const call = pending.get(message.id);
        if (!call) return;
        if (message.type === "no") {
          pending.delete(message.id);
          call.settle();
          return call.reject(errorFrom(message.error));
        }
        // The signal matters as long as the answer's streams flow.
        let open = message.answer.streams?.length ?? 0;
        if (open === 0) call.settle();
        const answer = unpack(message.answer, (ref) => incoming.open(ref, () => void (--open === 0 && call.settle())));
        pending.delete(message.id);
        return call.resolve(answer);
      }
      case "chunk":
        return incoming.chunk(message.id, message.value);
      case "end":
        return incoming.end(message.id);
      case "fail":
        return message.id === 0
          ? peer.close(errorFrom(message.error).message)
          : incoming.fail(message.id, message.error);
      case "pull":
        return outgoing.pull(message.id, message.credits);
      case "stop":
        return outgoing.stop(message.id, errorFrom(message.reason));
    }
  }

  const peer: Peer = {
    call: (method, args, { signal, effect = "unknown" } = {}) =>
      new Promise((resolve, reject) => {
        if (closed !== null) return reject(lost(closed, "none"));
        const id = ++last;
        const abort = (): void => send({ type: "abort", id, reason: reasonData(signal?.reason) });
        try {
          send({ type: "call", id, method, args: outgoing.pack(args) });
        } catch (error) {
          return reject(isBotyardError(error) ? error : uncloneable(method, error));
        }
        const settle = (): void => signal?.removeEventListener("abort", abort);
        pending.set(id, { settle, resolve, reject, effect });
        if (signal?.aborted) abort();
        else signal?.addEventListener("abort", abort, { once: true });
      }),
    notify(method, args) {
      if (closed !== null) return false;
      try {
        send({ type: "call", id: 0, method, args: pack(args, refuseStream) });
        return true;
      } catch {
        return false;
      }
    },
    waiting: () => pending.size,
    abandon(error) {
      if (closed === null) send({ type: "fail", id: 0, error: errorData(error) });
      peer.close(error.message);
    },
    close(reason) {
      end(reason);
      port.close(reason);
    },
    onClose(listener) {
      if (closed === null) closers.push(listener);
      else listener(closed);
    },
  };

  port.onClose(end);
  port.onMessage((message) => {
    try {
      if (closed === null && isMessage(message)) receive(message);
    } catch {
      peer.close("a message made no sense");
    }
  });
  return peer;
}

function lost(reason: string, effect: Outcome): BotyardError {
  const known = effect === "none" ? "Nothing was sent to the server" : "Nobody knows what the server did";
  return new BotyardError("plugin_failed", `The platform plugin is gone (${reason}). ${known}`, { effect });
}

function refuseStream(): never {
  throw new BotyardError("internal", "A notification holds no streams");
}

function uncloneable(method: string, cause: unknown): BotyardError {
  return new BotyardError("internal", `What ${method} was given is no plain data and cannot cross to the plugin`, {
    cause,
  });
}
