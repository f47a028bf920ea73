import { join } from "node:path";
import sandbox from "@botyard/sandbox";
import type { AnyPlatform } from "@botyard/sdk";
import { type BenchRuntime, openRuntime } from "./runtime.ts";

export interface BenchWorld {
  readonly runtime: BenchRuntime;
  invoke(name: string, input?: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
}

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
  const { runtime, call: invoke } = await openRuntime({
    platforms: [sandbox, ...(options.platforms ?? [])],
    store: { path: join(folder, `${options.name ?? "bench"}.db`), durability: options.durability },
    hooksUrl: "http://127.0.0.1:9",
  });
  await runtime.start();
  await invoke("connections.create", { id: "chat", platform: "sandbox" });
  await invoke("bots.create", { connection: "chat", handle: "helper" });
  await invoke("rooms.add-bot", { connection: "chat", room: "lobby", bot: "helper" });
  return { runtime, invoke, close: () => runtime.close({ drainMs: 0 }) };
}
