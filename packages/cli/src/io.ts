import { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline/promises";
import { BotyardError } from "@botyard/sdk";

/** The world of a command: its streams, terminal and environment. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a person can answer questions. */
  readonly interactive: boolean;
  /** Whether standard output is a terminal. */
  readonly outIsTerminal: boolean;
  /** Whether ANSI styles are wanted, on output and on errors. */
  readonly colour: { readonly out: boolean; readonly err: boolean };
  /** Width of the terminal in columns; null: not one. */
  readonly columns: number | null;
  out(text: string): void;
  err(text: string): void;
  /** Bytes to standard output, as fast as the reader takes them. */
  outBytes(bytes: ReadableStream<Uint8Array>): Promise<void>;
  stdin(): ReadableStream<Uint8Array>;
  /** Resolves when everything written has left the process. */
  flush(): Promise<void>;
  /** Asks on the terminal; an empty answer comes back as "". */
  ask(question: string): Promise<string>;
  /** The same without echo. */
  askSecret(question: string): Promise<string>;
  /** Aborted by Ctrl-C or SIGTERM; the second one ends the process. */
  readonly signal: AbortSignal;
}

async function question(text: string, echo: boolean): Promise<string> {
  const output = echo
    ? process.stderr
    : // Readline writes what is typed to its output: this one swallows it.
      new Writable({ write: (_chunk, _encoding, done) => done() });
  if (!echo) process.stderr.write(text);
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      const cancelled = (): void => {
        if (echo) process.stderr.write("\n");
        reject(new BotyardError("cancelled", "stopped; nothing was changed"));
      };
      lines.on("SIGINT", cancelled);
      // Ctrl-D, or a terminal that went away.
      lines.on("close", () => reject(new BotyardError("cancelled", "stopped; nothing was changed")));
      lines.question(echo ? text : "").then(resolve, reject);
    });
  } finally {
    lines.close();
    if (!echo) process.stderr.write("\n");
  }
}

/** The process's own. `signals` ends what runs; nothing is installed before it is first read. */
export function createIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  const wanted = (stream: { isTTY?: boolean }): boolean =>
    stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  let signal: AbortSignal | undefined;
  // The reader has seen enough: `botyard events list | head -1`.
  stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  return {
    env,
    interactive: stdin.isTTY === true && stderr.isTTY === true,
    outIsTerminal: stdout.isTTY === true,
    colour: { out: wanted(stdout), err: wanted(stderr) },
    columns: stdout.isTTY === true ? stdout.columns || null : null,
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    async outBytes(bytes) {
      for await (const chunk of bytes) {
        if (!stdout.write(chunk)) await new Promise((resolve) => stdout.once("drain", resolve));
      }
    },
    flush: async () => {
      for (const stream of [stdout, stderr]) await new Promise<void>((resolve) => stream.write("", () => resolve()));
    },
    stdin: () => Readable.toWeb(stdin) as ReadableStream<Uint8Array>,
    ask: (text) => question(text, true),
    askSecret: (text) => question(text, false),
    get signal() {
      return (signal ??= onSignals());
    },
  };
}

function onSignals(): AbortSignal {
  const controller = new AbortController();
  const end = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new BotyardError("cancelled", "stopped"));
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  return controller.signal;
}
