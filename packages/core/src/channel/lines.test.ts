import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
import { readLines } from "./lines.ts";

async function linesOf(chunks: readonly (string | Uint8Array)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  readLines(stream, (line) => lines.push(line));
  const ended = new Promise((resolve) => stream.once("end", resolve));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await ended;
  return lines;
}

test("lines come as they were printed, however they were cut on the way", async () => {
  const euro = new TextEncoder().encode("€");
  expect(await linesOf(["one\ntw", "o\n", euro.subarray(0, 1), euro.subarray(1), "\nlast"])).toEqual([
    "one",
    "two",
    "€",
    "last",
  ]);
});

test("a line without an end is cut once, and what follows it is whole again", async () => {
  const lines = await linesOf([...Array.from({ length: 100 }, () => "x".repeat(1_000)), "\nshort\n"]);
  expect(lines).toHaveLength(2);
  expect(lines[0]?.length).toBeLessThan(6_000);
  expect(lines[1]).toBe("short");
});

test("of a torrent some lines are kept, and how many were not is said", async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  try {
    const lines = await linesOf([Array.from({ length: 500 }, (_, n) => `line ${n}\n`).join("")]);
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe("(450 more lines were printed and not kept)");
  } finally {
    vi.useRealTimers();
  }
});
