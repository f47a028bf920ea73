// Readers of event streams in a process of their own, so that reading does not take the server's time. Plain sockets: an
// HTTP client of a runtime opens so many connections at once and no more (Bun: 256).
import { connect, type Socket } from "node:net";
import type { ReadersAsked, ReadersSaid } from "./types.ts";

const say = (said: ReadersSaid): void => void process.send?.(said);

/** Each event holds when it was made, in ms since 1970 with fractions. */
const stamp = /"text":"at (\d+\.\d+)"/g;
const now = (): number => performance.timeOrigin + performance.now();

let sockets: Socket[] = [];
let seen = 0;
let wanted = 0;
let delays: number[] = [];

function heard(text: string): void {
  for (const [, at] of text.matchAll(stamp)) {
    seen += 1;
    delays.push(now() - Number(at));
    if (seen === wanted) {
      say({ all: { delays } });
      delays = [];
    }
  }
}

function follow({ port, path, key }: Extract<ReadersAsked, { open: object }>["open"]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    let rest = "";
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("connect", () =>
      socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${key}\r\n\r\n`),
    );
    socket.on("data", (part: string) => {
      rest += part;
      // The first comment: the stream is on its way.
      if (rest.includes(":\n\n")) resolve();
      const end = rest.lastIndexOf("\n\n");
      if (end < 0) return;
      heard(rest.slice(0, end));
      rest = rest.slice(end);
    });
  });
}

process.on("message", (asked: ReadersAsked) => {
  if ("open" in asked) {
    const all = Array.from({ length: asked.open.readers }, () => follow(asked.open));
    void Promise.all(all).then(
      () => say({ opened: true }),
      (error: unknown) => say({ failed: String(error) }),
    );
  } else if ("expect" in asked) {
    seen = 0;
    wanted = asked.expect;
    delays = [];
    say({ ready: true });
  } else {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    say({ closed: true });
  }
});
process.on("disconnect", () => process.exit(0));
