import type { BotyardError, Receive } from "@botyard/sdk";

/** The line to the plugin that receives. */
export interface Line {
  /** Why it is down; null while it is up. */
  readonly down: BotyardError | null;
  /** Rejects when it breaks. */
  readonly broken: Promise<never>;
}

const lines = new WeakMap<Receive, Line>();

/** Says over which line a plugin receives: where the chat server calls us, nothing else would end when it breaks. */
export function onLine(receive: Receive, line: Line): Receive {
  line.broken.catch(() => {}); // heard by who asks for it
  lines.set(receive, line);
  return receive;
}

/** Undefined for a plugin in this process. */
export function lineOf(receive: Receive): Line | undefined {
  return lines.get(receive);
}
