import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createProgram, type Program } from "./process.ts";

/** `botyard serve` of the compiled binary, with its command line and its HTTP API beside it. */
export interface Botyard extends Program {
  /** Base of the API, without a slash at the end. */
  readonly url: string;
  /** Runs a command as a user would; answers standard output, fails with standard error where the exit code is not 0. */
  cli(...args: string[]): Promise<string>;
  /** The same with `--json`, parsed. */
  json<T>(...args: string[]): Promise<T>;
  /** One call of the API below `/v1`; every status is an answer, a broken connection throws. */
  call(method: string, path: string, input?: CallInput): Promise<Answer>;
  /** The same where only success will do. */
  ask<T>(method: string, path: string, input?: CallInput): Promise<T>;
  /** Opens `/v1<path>` as server-sent events. */
  open(path: string, lastEventId: string | undefined, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  /** The key the calls carry from now on. */
  use(key: string): void;
}

export interface CallInput {
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly limitMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly retryAfterMs: number;
  readonly body: unknown;
}

/** What `createBotyard` needs; both ports are on loopback. */
export interface BotyardOptions {
  readonly binary: string;
  readonly directory: string;
  readonly port: number;
  readonly hooksPort: number;
  /** How the chat server reaches the hooks listener. */
  readonly publicUrl: string;
}

/** Writes the configuration file and makes the service; nothing is started. */
export function createBotyard(options: BotyardOptions): Botyard {
  const { binary, directory } = options;
  const url = `http://127.0.0.1:${options.port}`;
  const home = join(directory, "home");
  const configuration = join(home, ".config", "botyard", "botyard.yaml");
  mkdirSync(join(home, ".config", "botyard"), { recursive: true });
  mkdirSync(join(directory, "elsewhere"), { recursive: true });
  writeFileSync(configuration, configurationOf(options));
  // Nothing of the person who runs this: no settings, no data, no secrets of theirs.
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    BOTYARD_DATA: join(directory, "data"),
    NO_COLOR: "1",
  };
  const cwd = join(directory, "elsewhere");
  const program = createProgram({
    name: "botyard serve",
    command: binary,
    args: ["serve", "--config", configuration],
    cwd,
    env,
    log: join(directory, "botyard.log"),
    ready: async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyWithinMs: 20_000,
  });
  let key = "";

  const cli = (...args: string[]): Promise<string> => runCommand(binary, args, cwd, env);
  const request = (
    method: string,
    path: string,
    headers: Record<string, string>,
    input: CallInput,
  ): Promise<Response> =>
    fetch(`${url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...headers },
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
      signal: AbortSignal.timeout(input.limitMs ?? 60_000),
    });

  async function call(method: string, path: string, input: CallInput = {}): Promise<Answer> {
    const response = await request(method, path, headersOf(input), input);
    const text = await response.text();
    return {
      status: response.status,
      replayed: response.headers.get("idempotency-replayed") === "true",
      retryAfterMs: Number(response.headers.get("retry-after") ?? 0) * 1000,
      body: text === "" ? undefined : JSON.parse(text),
    };
  }

  return {
    ...program,
    url,
    cli,
    json: async (...args) => JSON.parse(await cli(...args, "--json")),
    call,
    async ask<T>(method: string, path: string, input: CallInput = {}) {
      const { status, body } = await call(method, path, input);
      if (status < 300) return body as T;
      throw new Error(`${method} ${path} answered ${status} ${JSON.stringify(body)}`);
    },
    async open(path, lastEventId, signal) {
      const headers = {
        authorization: `Bearer ${key}`,
        accept: "text/event-stream",
        ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
      };
      const response = await fetch(`${url}/v1${path}`, { headers, signal });
      if (!response.ok || !response.body)
        throw new Error(`GET ${path} answered ${response.status} ${await response.text()}`);
      return response.body;
    },
    use: (wanted) => void (key = wanted),
  };
}

function configurationOf({ port, hooksPort, publicUrl }: BotyardOptions): string {
  return [
    `listen: 127.0.0.1:${port}`,
    "hooks:",
    `  listen: 127.0.0.1:${hooksPort}`,
    `  publicUrl: ${publicUrl}`,
    "",
  ].join("\n");
}

function headersOf(input: CallInput): Record<string, string> {
  return {
    ...(input.body === undefined ? {} : { "content-type": "application/json" }),
    ...(input.idempotencyKey === undefined ? {} : { "idempotency-key": input.idempotencyKey }),
  };
}

function runCommand(binary: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      const stdout = Buffer.concat(out).toString();
      if (code === 0) return resolve(stdout);
      const said = `${stdout}${Buffer.concat(err).toString()}`.trim();
      reject(new Error(`botyard ${args.join(" ")}  (exit ${code})\n${said}`));
    });
  });
}
