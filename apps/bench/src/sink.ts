// A receiver of webhooks in a process of its own: verifies each signature as a receiver would, counts what it has not had
// yet, and tells how late it came. No HTTP server of the runtime, which would be slower than what it measures.
// stdout: its port. GET /stats: { taken, again, refused, delays, usedMicros }; POST /reset; POST /trust: { path, secret },
// without which what comes to a path is refused.
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";

interface Receiver {
  readonly key: KeyObject;
  readonly had: Set<string>;
}

const receivers = new Map<string, Receiver>();
let taken = 0;
let again = 0;
let refused = 0;
let delays: number[] = [];
let begun = process.cpuUsage();
const now = (): number => performance.timeOrigin + performance.now();
const thanks = "HTTP/1.1 204 No Content\r\n\r\n";
const wrong = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
const toleranceSeconds = 300;

function reset(): void {
  [taken, again, refused, delays] = [0, 0, 0, []];
  for (const { had } of receivers.values()) had.clear();
  begun = process.cpuUsage();
}

function isSigned({ key }: Receiver, head: string, id: string, body: string): boolean {
  const at = /\r\nwebhook-timestamp: (\d+)/.exec(head)?.[1] ?? "";
  const signature = /\r\nwebhook-signature: v1,([\w+/]{43}=)/.exec(head)?.[1];
  if (signature === undefined || Math.abs(Date.now() / 1000 - Number(at)) > toleranceSeconds) return false;
  const wanted = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest();
  return timingSafeEqual(wanted, Buffer.from(signature, "base64"));
}

/** What is answered to one delivery. */
function receive(path: string, head: string, body: string): string {
  const receiver = receivers.get(path);
  const id = /\r\nwebhook-id: ([^\r]+)/.exec(head)?.[1] ?? "";
  if (!receiver || !isSigned(receiver, head, id, body)) {
    refused += 1;
    return wrong;
  }
  if (receiver.had.has(id)) again += 1;
  else taken += 1;
  receiver.had.add(id);
  // When it was committed stands in its text.
  const at = /"text":"at (\d+\.?\d*)"/.exec(body)?.[1];
  if (at !== undefined) delays.push(now() - Number(at));
  return thanks;
}

function take(socket: Socket, head: string, body: string): void {
  const path = head.slice(head.indexOf(" ") + 1, head.indexOf(" HTTP/1.1"));
  if (path === "/stats") {
    const { user, system } = process.cpuUsage(begun);
    const text = JSON.stringify({ taken, again, refused, delays, usedMicros: user + system });
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    return;
  }
  if (path === "/reset") reset();
  else if (path === "/trust") {
    const { path: of, secret } = JSON.parse(body) as { readonly path: string; readonly secret: string };
    const key = createSecretKey(Buffer.from(secret.replace("whsec_", ""), "base64"));
    receivers.set(of, { key, had: new Set() });
  } else return void socket.write(receive(path, head, body));
  socket.write(thanks);
}

const server = createServer((socket) => {
  let rest = "";
  socket.setNoDelay(true);
  socket.on("error", () => {});
  // What the bench sends is ASCII: a character is a byte.
  socket.on("data", (part) => {
    rest += part.toString("latin1");
    for (;;) {
      const end = rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = rest.slice(0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (rest.length < end + 4 + length) return;
      const body = rest.slice(end + 4, end + 4 + length);
      rest = rest.slice(end + 4 + length);
      take(socket, head, body);
    }
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
