import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Where a request goes: the name it is for, and the checked address that is connected to. */
export interface Way {
  readonly secure: boolean;
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** An open connection that carries one request after the other. */
export interface Line {
  readonly socket: Socket;
  /** Requests it has carried. */
  used: number;
  /** Of the request under way. */
  onData: ((part: Buffer) => void) | null;
  /** Told once when it ends; with an error where it broke. */
  onEnd: ((error: Error | null) => void) | null;
}

/** Connections that are kept open for the next request. */
export interface Lines {
  /** One that is free; it is the caller's until `free` or its end. */
  take(way: Way): Line | null;
  /** A new one, likewise. */
  dial(way: Way): Promise<Line>;
  free(way: Way, line: Line): void;
  close(): void;
}

const mostFree = 32;
const idleMs = 30_000;
const connectMs = 10_000;

// A connection that was proven to be of one name is never used for another.
const keyOf = (way: Way): string => `${way.secure ? "tls" : "tcp"} ${way.name} ${way.address} ${way.port}`;

/** node:http costs about six times as much for each request; what a webhook needs of HTTP is little. */
export function createLines(options: { readonly ca?: string | undefined }): Lines {
  const idle = new Map<string, Line[]>();
  const open = new Set<Socket>();

  function dial(way: Way): Promise<Line> {
    const { secure, name, address, port } = way;
    const { ca } = options;
    return new Promise((resolve, reject) => {
      const where = { host: address, port };
      const socket = secure
        ? connectTls({
            ...where,
            ALPNProtocols: ["http/1.1"],
            ...(isIP(name) > 0 ? {} : { servername: name }),
            ...(ca === undefined ? {} : { ca }),
          })
        : connect(where);
      const line: Line = { socket, used: 0, onData: null, onEnd: null };
      open.add(socket);
      let ready = false;
      const end = (error: Error | null): void => {
        open.delete(socket);
        socket.destroy();
        if (!ready) return reject(error ?? new Error("it could not be reached: the connection was closed at once"));
        const told = line.onEnd;
        line.onEnd = null;
        if (told) told(error);
        else forget(way, line);
      };
      socket.setNoDelay(true);
      socket.setTimeout(connectMs, () =>
        end(Object.assign(new Error("no connection was made in time"), { code: "ETIMEDOUT" })),
      );
      socket.once(secure ? "secureConnect" : "connect", () => {
        ready = true;
        socket.setTimeout(idleMs, () => {
          // A request under way has a limit of its own.
          if (line.onEnd === null) end(null);
        });
        resolve(line);
      });
      socket.on("data", (part: Buffer) => {
        if (line.onData) line.onData(part);
        // Nobody asked: whatever it is, the next answer would begin with it.
        else end(null);
      });
      socket.on("error", (error) => end(error));
      socket.on("end", () => end(null));
      socket.on("close", () => end(null));
    });
  }

  function forget(way: Way, line: Line): void {
    const key = keyOf(way);
    const rest = (idle.get(key) ?? []).filter((other) => other !== line);
    if (rest.length > 0) idle.set(key, rest);
    else idle.delete(key);
  }

  return {
    dial,
    take: (way) => idle.get(keyOf(way))?.pop() ?? null,
    free(way, line) {
      const key = keyOf(way);
      const lines = idle.get(key) ?? [];
      idle.set(key, lines);
      line.onData = null;
      line.onEnd = null;
      line.used += 1;
      if (lines.length < mostFree && open.has(line.socket)) lines.push(line);
      else line.socket.destroy();
    },
    close() {
      for (const socket of open) socket.destroy();
      idle.clear();
    },
  };
}
