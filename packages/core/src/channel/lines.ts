import type { Readable } from "node:stream";

const longestLine = 4_096;
const linesPerSecond = 50;

/**
 * What a process prints, line by line. Long lines are cut, and of a torrent some lines a second are let through, with a
 * line that says how many were not: whoever prints must not fill memory or log of who listens.
 */
export function readLines(stream: Readable, take: (line: string) => void): void {
  const decoder = new TextDecoder();
  let rest = "";
  let skipping = false;
  let windowFrom = 0;
  let taken = 0;
  let dropped = 0;

  const confess = (): void => {
    if (dropped > 0) take(`(${dropped} more lines were printed and not kept)`);
    dropped = 0;
  };

  const tell = (line: string): void => {
    const now = Date.now();
    if (now - windowFrom >= 1_000) {
      windowFrom = now;
      taken = 0;
    }
    if (taken < linesPerSecond) {
      taken += 1;
      take(line);
    } else if (++dropped === 1) setTimeout(confess, 1_000).unref();
  };

  stream.on("data", (chunk: Uint8Array | string) => {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      // The end of a line whose beginning was told already.
      if (!skipping) tell(line.slice(0, longestLine));
      skipping = false;
    }
    if (rest.length <= longestLine) return;
    if (!skipping) tell(`${rest.slice(0, longestLine)}…`);
    skipping = true;
    rest = "";
  });
  stream.on("end", () => {
    if (rest !== "" && !skipping) tell(rest.slice(0, longestLine));
    confess();
  });
  // A pipe that breaks with its process says nothing new.
  stream.on("error", () => {});
}
