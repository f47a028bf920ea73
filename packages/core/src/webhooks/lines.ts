import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Where a request goes: the name it is for, and the checked address that is connected to. */
export interface Way {
  readonly secure: boolean;
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** What a connection carries, one after the other. */
export interface Cargo {
  data(part: Buffer): void;
  /** Told once when the connection ends; with an error where it broke. */
  end(error: Error | null): void;
}

/** An open connection. */
export interface Line {
  readonly socket: Socket;
  /** Requests it has carried. */
  used: number;
  /** Under way; null: it is free. */
  cargo: Cargo | null;
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

/** In all: as many as are under way where many webhooks go to one machine, so that none is opened anew for each request. */
const mostFree = 1_024;
const idleMs = 30_000;
const connectMs = 10_000;

// A connection that was proven to be of one name is never used for another.
const keyOf = (way: Way): string => `${way.secure ? "tls" : "tcp"} ${way.name} ${way.address} ${way.port}`;

/** node:http costs about six times as much for each request; what a webhook needs of HTTP is little. */
export function createLines(options: { readonly ca?: string | undefined }): Lines {
  const idle = new Map<string, Line[]>();
  const keys = new WeakMap<Way, string>();
  const open = new Set<Socket>();
  let free = 0;

  const key = (way: Way): string => {
    let known = keys.get(way);
    if (known === undefined) {
      known = keyOf(way);
      keys.set(way, known);
    }
    return known;
  };

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
      const line: Line = { socket, used: 0, cargo: null };
      open.add(socket);
      let ready = false;
      const end = (error: Error | null): void => {
        open.delete(socket);
        socket.destroy();
        if (!ready) return reject(error ?? new Error("it could not be reached: the connection was closed at once"));
        const { cargo } = line;
        line.cargo = null;
        if (cargo) cargo.end(error);
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
          if (line.cargo === null) end(null);
        });
        resolve(line);
      });
      socket.on("data", (part: Buffer) => {
        if (line.cargo) line.cargo.data(part);
        // Nobody asked: whatever it is, the next answer would begin with it.
        else end(null);
      });
      socket.on("error", (error) => end(error));
      socket.on("end", () => end(null));
      socket.on("close", () => end(null));
    });
  }

  function forget(way: Way, line: Line): void {
    const lines = idle.get(key(way)) ?? [];
    const at = lines.indexOf(line);
    if (at < 0) return;
    lines.splice(at, 1);
    free -= 1;
    if (lines.length === 0) idle.delete(key(way));
  }

  return {
    dial,
    take(way) {
      const line = idle.get(key(way))?.pop() ?? null;
      if (line) free -= 1;
      return line;
    },
    free(way, line) {
      line.cargo = null;
      line.used += 1;
      if (free >= mostFree || !open.has(line.socket)) return void line.socket.destroy();
      const lines = idle.get(key(way));
      if (lines) lines.push(line);
      else idle.set(key(way), [line]);
      free += 1;
    },
    close() {
      for (const socket of open) socket.destroy();
      idle.clear();
      free = 0;
    },
  };
}
