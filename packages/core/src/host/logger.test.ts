import { expect, test } from "vitest";
import { createLogger, type LoggerOptions } from "./logger.ts";
import { createRedactor } from "./redact.ts";

function setup(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const redactor = createRedactor();
  return {
    lines,
    redactor,
    logger: createLogger({ format: "json", redactor, write: (line) => lines.push(line), ...options }),
  };
}
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test("JSON: one object a line, with the fields of the child that wrote it", () => {
  const { logger, lines } = setup();
  logger.child({ connection: "chat" }).warn("socket closed", { code: 1006, none: undefined });
  expect(lines[0]?.endsWith("\n")).toBe(true);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    time: expect.stringMatching(time),
    level: "warn",
    message: "socket closed",
    connection: "chat",
    code: 1006,
  });
});

test("data cannot pretend to be the head", () => {
  const { logger, lines } = setup();
  logger.info("real", { message: "forged", level: "error", time: "never" });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "info",
    message: "real",
    time: expect.stringMatching(time),
  });
});

test("people read time, level, message and fields; a name with a line break stays on its line", () => {
  const { logger, lines } = setup({ format: "human" });
  logger.info("joined", { room: "eng:ops", name: "a\nb", n: 3 });
  logger.warn("bad\u001b[2J\nforged");
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info {2}joined {2}room=eng:ops name="a\\nb" n=3\n$/);
  expect(lines[1]).toMatch(/warn {2}bad\\u001b\[2J\\nforged\n$/);
});

test("levels below the chosen one are left out; repeats are not", () => {
  const { logger, lines } = setup({ level: "warn" });
  logger.debug("a");
  logger.info("b");
  for (let n = 0; n < 10; n++) logger.warn("c");
  logger.error("d");
  expect(lines).toHaveLength(11);
  const silent = setup({ level: "silent" });
  silent.logger.error("x");
  expect(silent.lines).toEqual([]);
});

test.each(["json", "human"] as const)("secrets are masked in message, data and errors (%s)", (format) => {
  const { logger, lines, redactor } = setup({ format });
  redactor.add("hunter2-secret");
  logger.error("login with hunter2-secret failed", {
    error: new Error("token hunter2-secret", { cause: new Error("inner hunter2-secret") }),
    headers: { authorization: "Bearer abcdefgh", cookie: "sid=12345678" },
    url: "https://x.example.org/?access_token=zzzzzz&a=1",
    password: "p",
    list: ["hunter2-secret"],
  });
  const text = lines.join("");
  for (const secret of ["hunter2", "abcdefgh", "12345678", "zzzzzz", '"p"', "=p "]) expect(text).not.toContain(secret);
  expect(text).toContain("a=1");
});
