// A receiver of webhooks in a process of its own: takes everything, counts it, and tells how late it came. No HTTP server
// of the runtime, which would be slower than what it measures.
// stdout: its port. GET /stats: { taken, delays }; POST /reset.
import { createServer, type AddressInfo, type Socket } from "node:net";

let taken = 0;
let delays: number[] = [];
const now = (): number => performance.timeOrigin + performance.now();
const thanks = "HTTP/1.1 204 No Content\r\n\r\n";

function take(socket: Socket, head: string, body: string): void {
  if (head.startsWith("GET ")) {
    const text = JSON.stringify({ taken, delays });
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    return;
  }
  if (head.startsWith("POST /reset ")) {
    taken = 0;
    delays = [];
  } else {
    taken += 1;
    // When it was committed stands in its text.
    const at = /"text":"at (\d+\.?\d*)"/.exec(body)?.[1];
    if (at !== undefined) delays.push(now() - Number(at));
  }
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
