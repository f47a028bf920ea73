/** Head of an answer, with what there is of its body so far. */
export interface Answered {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Bytes of the body, decoded; may be cut. */
  readonly body: Buffer;
  /** The body has come to its end. */
  readonly whole: boolean;
  /** The connection can carry another request once the body is whole. */
  readonly keep: boolean;
}

/** A head is no longer than this. */
const mostHead = 16_384;
const headEnd = Buffer.from("\r\n\r\n");

/** For what is no HTTP. */
class NoHttp extends Error {}

/**
 * Reads what came so far as an answer of HTTP/1.1; null: the head is not whole yet. `ended`: nothing more comes.
 * Throws `NoHttp`.
 */
export function readAnswer(bytes: Buffer, ended: boolean): Answered | null {
  for (let at = 0; ;) {
    const found = readHead(bytes.subarray(at), ended);
    if (typeof found !== "number") return found;
    // An interim answer; the real one follows, after no more of them than a head may have bytes.
    at += found;
    if (at > mostHead) throw new NoHttp("what it answered is no HTTP");
  }
}

/** A number: how many bytes an interim answer takes. */
function readHead(bytes: Buffer, ended: boolean): Answered | number | null {
  const end = bytes.indexOf(headEnd);
  if (end < 0) {
    if (bytes.byteLength > mostHead || !couldBeHttp(bytes)) throw new NoHttp("what it answered is no HTTP");
    return null;
  }
  const head = bytes.toString("latin1", 0, end);
  const [, minor, code] = /^HTTP\/1\.([01]) (\d{3})(?: |\r|$)/.exec(head) ?? [];
  if (code === undefined || end > mostHead) throw new NoHttp("what it answered is no HTTP");
  const status = Number(code);
  const rest = bytes.subarray(end + headEnd.byteLength);
  if (status < 200 && status !== 101) return end + headEnd.byteLength;
  const connection = valueOf(head, "connection") ?? "";
  const keep = !/\bclose\b/i.test(connection) && (minor === "1" || /\bkeep-alive\b/i.test(connection));
  return { status, retryAfter: valueOf(head, "retry-after"), ...readBody(status, head, rest, ended, keep) };
}

/** Of what is shorter than "HTTP/1.", only that. */
function couldBeHttp(bytes: Buffer): boolean {
  return "HTTP/1.".startsWith(bytes.toString("latin1", 0, 7));
}

/** Of the first line of a name; null: there is none. */
function valueOf(head: string, name: keyof typeof lines): string | null {
  return lines[name].exec(head)?.[1] ?? null;
}
const lines = {
  connection: /\r\nconnection:[ \t]*([^\r]*?)[ \t]*(?:\r|$)/i,
  "retry-after": /\r\nretry-after:[ \t]*([^\r]*?)[ \t]*(?:\r|$)/i,
  "transfer-encoding": /\r\ntransfer-encoding:[ \t]*([^\r]*?)[ \t]*(?:\r|$)/i,
  "content-length": /\r\ncontent-length:[ \t]*([^\r]*?)[ \t]*(?:\r|$)/i,
};

function readBody(
  status: number,
  head: string,
  rest: Buffer,
  ended: boolean,
  keep: boolean,
): Pick<Answered, "body" | "whole" | "keep"> {
  if (status === 204 || status === 304)
    return { body: Buffer.alloc(0), whole: true, keep: keep && rest.byteLength === 0 };
  if (/\bchunked\b/i.test(valueOf(head, "transfer-encoding") ?? "")) {
    const { body, whole, over } = readChunks(rest);
    return { body, whole: whole || ended, keep: keep && whole && over === 0 };
  }
  const length = valueOf(head, "content-length");
  // Without a length the end of the connection is that of the body.
  if (length === null || !/^\d{1,15}$/.test(length)) return { body: rest, whole: ended, keep: false };
  const whole = rest.byteLength >= Number(length);
  return {
    body: rest.subarray(0, Number(length)),
    whole: whole || ended,
    keep: keep && rest.byteLength === Number(length),
  };
}

/** As many chunks as there are; one that is no chunk ends it. `over`: bytes that came after the last one. */
function readChunks(bytes: Buffer): { readonly body: Buffer; readonly whole: boolean; readonly over: number } {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const line = bytes.indexOf("\r\n", at);
    const [size] =
      line < 0 ? [] : (/^[0-9a-f]{1,8}/i.exec(bytes.toString("latin1", at, Math.min(line, at + 32))) ?? []);
    if (size === undefined) return { body: Buffer.concat(parts), whole: false, over: 0 };
    const from = line + 2;
    const to = from + Number.parseInt(size, 16);
    if (to === from) {
      // Trailers, if any, end with an empty line.
      const end = bytes.subarray(line).indexOf(headEnd);
      return { body: Buffer.concat(parts), whole: end >= 0, over: end < 0 ? 0 : bytes.byteLength - (line + end + 4) };
    }
    parts.push(bytes.subarray(from, Math.min(to, bytes.byteLength)));
    if (bytes.byteLength < to + 2) return { body: Buffer.concat(parts), whole: false, over: 0 };
    at = to + 2;
  }
}
