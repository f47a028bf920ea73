import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const sources = join(import.meta.dirname, "../../apps/botyard/src/main.ts");

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The real program, on the same data directory and ports each time it is started. */
export interface ServiceProcess {
  readonly url: string;
  readonly hooksUrl: string;
  running(): boolean;
  start(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** What it wrote on standard error since the last start. */
  log(): string;
  /** The longest that a start took until it was ready. */
  slowestStartMs(): number;
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const startMs = 90_000;
const askMs = 3_000;
const callMs = 8_000;

/** `program`: a compiled binary, or an entry to be run; default: the sources. */
export async function createService(data: string, program = sources): Promise<ServiceProcess> {
  const [port, hooksPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const hooksUrl = `http://127.0.0.1:${hooksPort}`;
  let child: ChildProcess | null = null;
  let ended: Promise<unknown> = Promise.resolve();
  let log = "";
  let key = "";
  let slowest = 0;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child?.kill(signal);
    await ended;
  };

  return {
    url,
    hooksUrl,
    running: () => child !== null,
    log: () => log,
    slowestStartMs: () => slowest,
    async start() {
      log = "";
      const [command, ...entry] = /\.[jt]s$/.test(program) ? [process.execPath, program] : [program];
      const args = [...entry, "serve", "--listen", `127.0.0.1:${port}`, "--hooks-listen", `127.0.0.1:${hooksPort}`];
      const started = spawn(command, [...args, "--public-url", hooksUrl, "--log", "warn"], {
        env: { PATH: process.env["PATH"] ?? "", HOME: data, BOTYARD_DATA: data, NO_COLOR: "1" },
        stdio: ["ignore", "ignore", "pipe"],
      });
      child = started;
      started.stderr?.on("data", (part: Buffer) => (log = (log + part.toString()).slice(-20_000)));
      ended = new Promise((resolve) =>
        started.once("exit", (code, signal) => {
          if (child === started) child = null;
          resolve([code, signal]);
        }),
      );
      const begun = Date.now();
      const until = begun + startMs;
      for (;;) {
        // One that was taken by a process that died a moment later is never answered.
        const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(askMs) }).catch(() => null);
        await ready?.arrayBuffer().catch(() => {});
        if (ready?.ok) break;
        if (child === null) throw new Error(`the service ended while starting:\n${log}`);
        if (Date.now() > until) throw new Error(`the service was not ready in ${startMs} ms:\n${log}`);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
      slowest = Math.max(slowest, Date.now() - begun);
      key = readFileSync(join(data, "admin.key"), "utf8").trim();
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    async call(method, path, body, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(callMs),
      });
      const text = await response.text();
      return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Answer["body"]) };
    },
  };
}

/** The answer, or an error that says what was refused. */
export async function must(
  service: ServiceProcess,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer["body"]> {
  const answer = await service.call(method, path, body);
  if (answer.status < 300) return answer.body;
  throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
}
