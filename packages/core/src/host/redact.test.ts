import { expect, test } from "vitest";
import { createRedactor } from "./redact.ts";

test("a known secret is masked as it is, percent-encoded, as JSON writes it and in Base64", () => {
  const redactor = createRedactor();
  const secret = 'p"ss wörd/1';
  redactor.add(secret);
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64"),
  ];
  for (const form of forms) expect(redactor.text(`<${form}>`)).toBe("<[redacted]>");
});

test("a secret that begins with another one leaves no tail", () => {
  const redactor = createRedactor();
  redactor.add("abcdef");
  redactor.add("abcdef-long");
  expect(redactor.text("abcdef-long abcdef")).toBe("[redacted] [redacted]");
});

test("characters of patterns in a secret are taken literally", () => {
  const redactor = createRedactor();
  redactor.add("a.c*(d)$");
  expect(redactor.text("a.c*(d)$ abcXd")).toBe("[redacted] abcXd");
});

test("short values are no secrets", () => {
  const redactor = createRedactor();
  redactor.add("bot");
  expect(redactor.text("the bot spoke")).toBe("the bot spoke");
});

test("values under telling names go whole; others stay", () => {
  const data = createRedactor().data({
    token: "x",
    accessToken: "x",
    "x-api-key": "x",
    Authorization: { nested: "x" },
    clientSecret: null,
    hasToken: true,
    tokens: 3,
    keyboard: "kept",
    secretary: "kept",
  });
  expect(data).toEqual({
    token: "[redacted]",
    accessToken: "[redacted]",
    "x-api-key": "[redacted]",
    Authorization: "[redacted]",
    clientSecret: null,
    hasToken: true,
    tokens: "[redacted]",
    keyboard: "kept",
    secretary: "kept",
  });
});

test("a copy never fails and always is JSON: cycles, depth, bytes, big integers, functions", () => {
  const cycle: Record<string, unknown> = { n: 1n, f: () => {}, bytes: new Uint8Array(3), when: new Date(Number.NaN) };
  cycle["self"] = cycle;
  expect(JSON.parse(JSON.stringify(createRedactor().data({ cycle })))).toEqual({
    cycle: { n: "1", f: "[function]", bytes: "[3 bytes]", when: null, self: "…" },
  });
});
