import { isMessage } from "../channel/message.ts";
import type { Port } from "../channel/port.ts";

export interface FloodLimits {
  /** Messages nobody asked for (notes, logs, nonsense) a second, over two seconds. */
  readonly notesPerSecond: number;
  /** Calls of the plugin that wait for an answer at one time. */
  readonly openCalls: number;
  /** Bytes of one message, about; of all calls that wait 16 times that. */
  readonly messageBytes: number;
}

/**
 * A port whose other end cannot fill this process: what goes beyond the limits is not delivered, and `breached` is told
 * once with what it was. Answers to calls made here and chunks that were asked for are bounded by the asking.
 */
export function guardPort(port: Port, limits: FloodLimits, breached: (what: string) => void): Port {
  const open = new Map<number, number>();
  const asked = new Set<number>();
  let openBytes = 0;
  let credits = 0;
  let notes = 0;
  let windowFrom = Date.now();
  let over = false;

  const refuse = (what: string): void => {
    if (over) return;
    over = true;
    breached(what);
  };

  const noted = (): boolean => {
    notes += 1;
    if (notes <= limits.notesPerSecond * 2) return true;
    const now = Date.now();
    if (now - windowFrom < 2_000) {
      refuse(`flood: more than ${limits.notesPerSecond} messages a second that nobody asked for`);
      return false;
    }
    windowFrom = now;
    notes = 1;
    return true;
  };

  /** Whether a message may go on. */
  function admit(message: unknown): boolean {
    const size = weigh(message, limits.messageBytes);
    if (size > limits.messageBytes) {
      refuse(`flood: a message of more than ${limits.messageBytes >> 20} MiB`);
      return false;
    }
    if (!isMessage(message)) return noted();
    if (message.type === "ok" || message.type === "no") return asked.delete(message.id) || noted();
    if (message.type === "chunk") return --credits >= 0 || noted();
    if (message.type !== "call" || message.id === 0) return noted();
    open.set(message.id, size);
    openBytes += size;
    if (open.size > limits.openCalls) refuse(`flood: more than ${limits.openCalls} calls at one time`);
    else if (openBytes > limits.messageBytes * 16)
      refuse(`flood: calls of more than ${(limits.messageBytes * 16) >> 20} MiB at one time`);
    return !over;
  }

  return {
    ...port,
    send(message) {
      port.send(message);
      if (!isMessage(message)) return;
      if (message.type === "call") asked.add(message.id);
      else if (message.type === "pull") credits += message.credits;
      else if (message.type === "ok" || message.type === "no") {
        openBytes -= open.get(message.id) ?? 0;
        open.delete(message.id);
      }
    },
    onMessage(listener) {
      port.onMessage((message) => {
        if (!over && admit(message)) listener(message);
      });
    },
  };
}

// Deeper than any honest value.
const maxDepth = 128;

/** Bytes of a value, roughly; stops counting beyond `most`, so that a cycle ends too. What is too deep is too much. */
function weigh(value: unknown, most: number, depth = 0): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof ArrayBuffer) return value.byteLength;
  if (depth > maxDepth) return most + 1;
  let sum = 16;
  const items: Iterable<unknown> = value instanceof Map ? value.entries() : value instanceof Set ? value : [];
  for (const item of items) if ((sum += weigh(item, most - sum, depth + 1)) > most) return sum;
  for (const key in value)
    if ((sum += key.length + weigh((value as Record<string, unknown>)[key], most - sum, depth + 1)) > most) return sum;
  return sum;
}
