import { expect, it } from "vitest";
import { readAnswer } from "./answer.ts";

const read = (text: string, ended = false) => {
  const answer = readAnswer(Buffer.from(text, "latin1"), ended);
  return answer && { ...answer, body: answer.body.toString() };
};
const head = (lines: readonly string[], body = ""): string => `${lines.join("\r\n")}\r\n\r\n${body}`;

it.each<[string, string, object | null]>([
  ["nothing yet", "", null],
  ["half a head", "HTTP/1.1 200 OK\r\ncontent-", null],
  ["no body", head(["HTTP/1.1 204 No Content"]), { status: 204, body: "", whole: true, keep: true }],
  [
    "a length",
    head(["HTTP/1.1 200 OK", "Content-Length: 2"], "ok"),
    { status: 200, body: "ok", whole: true, keep: true },
  ],
  ["a body that is not whole", head(["HTTP/1.1 200 OK", "content-length: 5"], "ok"), { whole: false, body: "ok" }],
  ["no reason", head(["HTTP/1.1 200", "content-length: 0"]), { status: 200, whole: true, keep: true }],
  ["no length", head(["HTTP/1.1 200 OK"], "ok"), { body: "ok", whole: false, keep: false }],
  ["a server that closes", head(["HTTP/1.1 200 OK", "connection: Close", "content-length: 0"]), { keep: false }],
  ["HTTP/1.0", head(["HTTP/1.0 200 OK", "content-length: 0"]), { keep: false }],
  ["more than its length", head(["HTTP/1.1 200 OK", "content-length: 2"], "ok and more"), { body: "ok", keep: false }],
  [
    "Retry-After",
    head(["HTTP/1.1 429 Slow", "retry-after:  7 ", "content-length: 0"]),
    { status: 429, retryAfter: "7" },
  ],
  [
    "an interim answer",
    head(["HTTP/1.1 100 Continue"]) + head(["HTTP/1.1 202 OK", "content-length: 0"]),
    { status: 202 },
  ],
  ["only an interim one", head(["HTTP/1.1 103 Early Hints", "link: x"]), null],
  [
    "chunks",
    head(["HTTP/1.1 200 OK", "transfer-encoding: chunked"], "2\r\nok\r\n4;x=y\r\nmore\r\n0\r\n\r\n"),
    { body: "okmore", whole: true, keep: true },
  ],
  [
    "chunks with a trailer",
    head(["HTTP/1.1 200 OK", "transfer-encoding: chunked"], "2\r\nok\r\n0\r\nx: y\r\n\r\n"),
    { body: "ok", whole: true, keep: true },
  ],
  [
    "chunks that are not whole",
    head(["HTTP/1.1 200 OK", "transfer-encoding: chunked"], "ff\r\nok"),
    { body: "ok", whole: false },
  ],
  [
    "chunks that are none",
    head(["HTTP/1.1 200 OK", "transfer-encoding: chunked"], "zz\r\nok"),
    { body: "", whole: false },
  ],
])("reads %s", (_, text, wanted) => {
  if (wanted === null) expect(read(text)).toBeNull();
  else expect(read(text)).toMatchObject(wanted);
});

it("takes the end of the connection for that of a body without a length, and of one that was cut", () => {
  expect(read(head(["HTTP/1.1 200 OK"], "ok"), true)).toMatchObject({ whole: true, keep: false });
  expect(read(head(["HTTP/1.1 200 OK", "content-length: 5"], "ok"), true)).toMatchObject({ whole: true, keep: false });
});

it("refuses what is no HTTP, a head without end, and interim answers without end", () => {
  const endless = [`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(9_000)}`, "HTTP/1.1 100 Continue\r\n\r\n".repeat(2_000)];
  for (const text of ["SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n\r\n", ...endless])
    expect(() => read(text)).toThrow("no HTTP");
});
