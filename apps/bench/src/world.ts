import { join } from "node:path";
import { createLogger, createMemorySealer, createRedactor, createRuntime, openStore } from "@botyard/core";
import sandbox from "@botyard/sandbox";
import type { AnyPlatform } from "@botyard/sdk";

export interface BenchWorld {
  readonly runtime: Awaited<ReturnType<typeof createRuntime>>;
  invoke(name: string, input?: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
}

let requests = 0;

/** A runtime over a database file, with one sandbox connection `chat` and a bot `helper` in its lobby. */
export async function openWorld(
  folder: string,
  options: {
    readonly durability: "normal" | "full";
    readonly name?: string;
    /** Beside the sandbox. */
    readonly platforms?: readonly AnyPlatform[];
  },
): Promise<BenchWorld> {
  const redactor = createRedactor();
  const runtime = await createRuntime({
    version: "bench",
    platforms: [sandbox, ...(options.platforms ?? [])],
    store: await openStore({ path: join(folder, `${options.name ?? "bench"}.db`), durability: options.durability }),
    sealer: createMemorySealer(),
    logger: createLogger({ format: "json", level: "silent", redactor }),
    redactor,
    receive: true,
    hooksUrl: "http://127.0.0.1:9",
  });
  await runtime.start();
  const invoke = async (name: string, input: Record<string, unknown> = {}): Promise<unknown> =>
    (await runtime.invoke(name, input, { principal: runtime.local, request: `req_${(requests += 1)}` })).value;
  await invoke("connections.create", { id: "chat", platform: "sandbox" });
  await invoke("bots.create", { connection: "chat", handle: "helper" });
  await invoke("rooms.add-bot", { connection: "chat", room: "lobby", bot: "helper" });
  return { runtime, invoke, close: () => runtime.close({ drainMs: 0 }) };
}
