import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** A program of the bench's own in another process of the same runtime; its first line is what it has to say. */
export async function startHelper(
  file: string,
  args: readonly string[] = [],
): Promise<{ readonly said: string; readonly child: ChildProcess }> {
  const deno = "Deno" in globalThis ? ["run", "-A"] : [];
  const child = spawn(process.execPath, [...deno, join(import.meta.dirname, file), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (part: Buffer) => {
      text += part.toString();
      if (text.includes("\n")) resolve(text.trim());
    });
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
  });
  return { said, child };
}

export interface SinkStats {
  /** Signed as they should be, each event of each receiver once. */
  readonly taken: number;
  readonly again: number;
  readonly refused: number;
  readonly delays: readonly number[];
  /** Processor time since the last reset. */
  readonly usedMicros: number;
}

export interface Sinks {
  /** Address of one; each path is a receiver of its own. */
  readonly url: string;
  /** What comes to this path is signed with this secret; everything else is refused. */
  trust(path: string, secret: string): Promise<void>;
  stats(): Promise<SinkStats>;
  reset(): Promise<void>;
  close(): void;
}

export async function startSink(): Promise<Sinks> {
  const { said, child } = await startHelper("sink.ts");
  const url = `http://127.0.0.1:${said}`;
  const post = async (path: string, body = ""): Promise<void> => {
    await (await fetch(`${url}${path}`, { method: "POST", body })).arrayBuffer();
  };
  return {
    url,
    trust: (path, secret) => post("/trust", JSON.stringify({ path, secret })),
    stats: async () => (await (await fetch(`${url}/stats`)).json()) as SinkStats,
    reset: () => post("/reset"),
    close: () => void child.kill(),
  };
}
