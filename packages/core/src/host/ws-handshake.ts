import { createHash, randomBytes } from "node:crypto";
import { connect as connectPlain, type Socket as Connection } from "node:net";
import { connect as connectTls } from "node:tls";
import { BotyardError } from "@botyard/sdk";
import { unreachableError } from "./http-errors.ts";

// @see https://www.rfc-editor.org/rfc/rfc6455#section-1.3
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const maxHeadBytes = 16_384;

export interface Upgraded {
  readonly connection: Connection;
  /** What came behind the answer's head already. */
  readonly rest: Uint8Array;
}

/**
 * Opens a connection and turns it into a WebSocket. Written on plain sockets because the WebSocket of the runtimes tells
 * neither the status of a refused handshake nor lets a slow reader hold the server back.
 * Throws `unauthenticated` for 401, else `unreachable`, both with effect `none`; the signal's reason when it aborts.
 */
export function upgrade(
  url: URL,
  protocols: readonly string[],
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Upgraded> {
  const secure = url.protocol === "wss:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port) || (secure ? 443 : 80);
  const key = randomBytes(16).toString("base64");
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const connection = secure
      ? connectTls({ host, port, ALPNProtocols: ["http/1.1"], ...(isAddress(host) ? {} : { servername: host }) })
      : connectPlain({ host, port });
    let head: Uint8Array = new Uint8Array();
    const fail = (error: unknown): void => {
      settle();
      connection.on("error", () => {}); // it may fail once more while it goes
      connection.destroy();
      reject(error as Error);
    };
    const onError = (error: unknown): void => fail(unreachableError(url.host, error));
    const onEnd = (): void => fail(refusal(url, "closed the connection instead of answering"));
    const onAbort = (): void => fail(signal.reason);
    const onData = (bytes: Uint8Array): void => {
      head = concat(head, bytes);
      const end = indexOfEnd(head);
      if (end < 0) {
        if (head.byteLength > maxHeadBytes) fail(refusal(url, "answered with an endless head"));
        return;
      }
      const problem = check(new TextDecoder("latin1").decode(head.subarray(0, end)), url, key);
      if (problem) return fail(problem);
      settle();
      connection.pause();
      resolve({ connection, rest: head.subarray(end + 4) });
    };
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
      connection.off("data", onData).off("error", onError).off("close", onEnd);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    connection.on("data", onData).on("error", onError).on("close", onEnd);
    connection.once(
      secure ? "secureConnect" : "connect",
      () => void connection.write(request(url, key, protocols, headers)),
    );
  });
}

function request(
  url: URL,
  key: string,
  protocols: readonly string[],
  headers: Readonly<Record<string, string>>,
): string {
  // Headers checks names and values: a line break in one would be a header of its own.
  const more = [...new Headers({ ...headers })].map(([name, value]) => `${name}: ${value}`);
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    ...(protocols.length > 0 ? [`Sec-WebSocket-Protocol: ${protocols.join(", ")}`] : []),
    ...more,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** What is wrong with the answer; null: it is a WebSocket now. */
function check(head: string, url: URL, key: string): BotyardError | null {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
  if (status === 401)
    return new BotyardError("unauthenticated", `${url.host} refused the credential when the socket was opened`, {
      upstream: { status },
    });
  if (status !== 101)
    return refusal(url, status === 0 ? "answered with what is no HTTP" : `refused the socket with ${status}`, status);
  const accept = /^sec-websocket-accept:\s*(\S+)/im.exec(head)?.[1];
  const expected = createHash("sha1")
    .update(key + guid)
    .digest("base64");
  return accept === expected ? null : refusal(url, "did not answer as a WebSocket server does", status);
}

function refusal(url: URL, what: string, status?: number): BotyardError {
  return new BotyardError("unreachable", `${url.host} ${what}`, {
    effect: "none",
    ...(status ? { upstream: { status } } : {}),
  });
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^[\d.]+$/.test(host);
}

function indexOfEnd(bytes: Uint8Array): number {
  for (let at = 0; at + 3 < bytes.byteLength; at++)
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  return -1;
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.byteLength + right.byteLength);
  both.set(left);
  both.set(right, left.byteLength);
  return both;
}
