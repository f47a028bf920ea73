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

export interface Sinks {
  /** Address of one; different paths are one receiver. */
  readonly url: string;
  stats(): Promise<{ readonly taken: number; readonly delays: readonly number[] }>;
  reset(): Promise<void>;
  close(): void;
}

export async function startSink(): Promise<Sinks> {
  const { said, child } = await startHelper("sink.ts");
  const url = `http://127.0.0.1:${said}`;
  return {
    url,
    stats: async () => (await (await fetch(`${url}/stats`)).json()) as { taken: number; delays: number[] },
    async reset() {
      await (await fetch(`${url}/reset`, { method: "POST" })).arrayBuffer();
    },
    close: () => void child.kill(),
  };
}
