import { expect, test } from "vitest";
import { correlate, currentRequest } from "./correlation.ts";
import { createLogger } from "./logger.ts";
import { createRedactor } from "./redact.ts";

test("lines of one request bear its name, also after a wait, and others do not", async () => {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    format: "json",
    redactor: createRedactor(),
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  }).child({ connection: "chat" });
  const work = (name: string): Promise<void> =>
    correlate(name, async () => {
      log.info("before");
      await Promise.resolve();
      await new Promise((resolve) => setTimeout(resolve, 1));
      log.info("after", { more: 1 });
      expect(currentRequest()).toBe(name);
    });
  await Promise.all([work("req_a"), work("req_b")]);
  log.info("in the background");
  expect(lines.map(({ message, request }) => `${String(message)} ${String(request)}`)).toEqual([
    "before req_a",
    "before req_b",
    "after req_a",
    "after req_b",
    "in the background undefined",
  ]);
});

test("what a line says itself wins", () => {
  const lines: string[] = [];
  const log = createLogger({ format: "json", redactor: createRedactor(), write: (line) => void lines.push(line) });
  correlate("req_outer", () => log.warn("x", { request: "req_own" }));
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ request: "req_own" });
});
