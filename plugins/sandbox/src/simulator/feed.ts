import type { WireFrame } from "../wire.ts";
import { Lost, Refusal } from "./model.ts";

/** What a client holds: frames come in order, until the socket is closed or cut. */
export interface WireSocket {
  /** Whether nothing is missing since `after`. */
  readonly resumed: boolean;
  /** Place in the stream at which it began. */
  readonly from: number;
  /** The next frames, at least one; none once it is closed. Throws when the connection is cut. */
  next(): Promise<readonly WireFrame[]>;
  /** Comes back over the socket; on a deaf one it never does. */
  ping(): Promise<void>;
  close(): void;
}

/** A frame before its stream has numbered it. */
export type Unnumbered = WireFrame extends infer F ? (F extends WireFrame ? Omit<F, "seq"> : never) : never;

/** An ordered stream of frames with its listeners. */
export interface Stream {
  publish(frame: Unnumbered): void;
  open(options: { readonly after: number | null; readonly mayResume: boolean }): WireSocket;
  /** Frames wait until they are released. */
  hold(): void;
  release(): void;
  /** Open sockets hear nothing any more and say nothing. */
  deafen(): void;
  /** Open sockets break. */
  cut(): void;
  /** The next frames reach nobody; where the stream can be resumed they are still in it. */
  drop(frames: number): void;
  /** Opening is refused until it is allowed again. */
  refuse(refused: boolean): void;
}

interface Listener {
  push(frame: WireFrame): void;
  deafen(): void;
  cut(): void;
}

const kept = 10_000;

export function createStream(): Stream {
  const log: WireFrame[] = [];
  const listeners = new Set<Listener>();
  const waiting: Unnumbered[] = [];
  let seq = 0;
  let held = false;
  let dropping = 0;
  let refused = false;

  const publish = (frame: Unnumbered): void => {
    if (held) {
      waiting.push(frame);
      return;
    }
    const numbered = { ...frame, seq: ++seq } as WireFrame;
    log.push(numbered);
    if (log.length > kept) log.shift();
    if (dropping > 0) {
      dropping -= 1;
      return;
    }
    for (const listener of listeners) listener.push(numbered);
  };

  return {
    publish,
    open({ after, mayResume }) {
      if (refused) throw new Refusal(503, "no_sockets", "the server takes no connections now");
      const oldest = log[0]?.seq ?? seq + 1;
      const resumed = mayResume && after !== null && after <= seq && after >= oldest - 1;
      const missed = resumed ? log.filter((frame) => frame.seq > after) : [];
      const { socket, listener } = createSocket(missed, resumed, resumed ? after : seq, () =>
        listeners.delete(listener),
      );
      listeners.add(listener);
      return socket;
    },
    hold: () => void (held = true),
    release() {
      held = false;
      for (const frame of waiting.splice(0)) publish(frame);
    },
    deafen: () => listeners.forEach((listener) => listener.deafen()),
    cut: () => listeners.forEach((listener) => listener.cut()),
    drop: (frames) => void (dropping += frames),
    refuse: (now) => void (refused = now),
  };
}

function createSocket(
  first: readonly WireFrame[],
  resumed: boolean,
  from: number,
  ended: () => void,
): { readonly socket: WireSocket; readonly listener: Listener } {
  const queue = [...first];
  let state: "open" | "deaf" | "closed" | "cut" = "open";
  let wake: (() => void) | null = null;
  const change = (to: typeof state): void => {
    state = to;
    if (to !== "open") ended();
    if (to !== "deaf") wake?.();
  };
  const listener: Listener = {
    push(frame) {
      queue.push(frame);
      wake?.();
    },
    deafen: () => change("deaf"),
    cut: () => change("cut"),
  };
  const socket: WireSocket = {
    resumed,
    from,
    async next() {
      while (state === "deaf" || (state === "open" && queue.length === 0)) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      if (state === "cut") throw new Lost();
      return state === "closed" ? [] : queue.splice(0);
    },
    async ping() {
      if (state === "cut" || state === "closed") throw new Lost();
      if (state === "deaf") await new Promise<never>(() => undefined);
    },
    close: () => change("closed"),
  };
  return { socket, listener };
}
