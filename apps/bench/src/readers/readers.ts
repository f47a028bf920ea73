import { fork } from "node:child_process";
import { join } from "node:path";
import type { ReadersAsked, ReadersSaid } from "./types.ts";

export interface Readers {
  /** Starts a round: resolves when the readers count. `all` resolves with the delays in ms when every event has come. */
  expect(events: number): Promise<{ readonly all: Promise<readonly number[]> }>;
  close(): Promise<void>;
  end(): void;
}

const patienceMs = 60_000;

/** Opens event streams in a process of its own; resolves when all of them are open. Throws when it takes too long. */
export async function openReaders(where: Extract<ReadersAsked, { open: object }>["open"]): Promise<Readers> {
  const child = fork(join(import.meta.dirname, "child.ts"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const next = <K extends string>(key: K): Promise<Extract<ReadersSaid, Record<K, unknown>>> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => stop(new Error(`the readers did not say "${key}" in time`)), patienceMs);
      const stop = (error: Error): void => {
        clearTimeout(timer);
        child.off("message", heard);
        reject(error);
      };
      const heard = (said: ReadersSaid): void => {
        if ("failed" in said) return stop(new Error(said.failed));
        if (!(key in said)) return;
        clearTimeout(timer);
        child.off("message", heard);
        resolve(said as Extract<ReadersSaid, Record<K, unknown>>);
      };
      child.on("message", heard);
    });
  const ask = (asked: ReadersAsked): void => void child.send(asked);
  const opened = next("opened");
  ask({ open: where });
  try {
    await opened;
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return {
    async expect(events) {
      const ready = next("ready");
      const all = next("all").then((said) => said.all.delays);
      // Looked at later; until then a failure is nobody's.
      all.catch(() => {});
      ask({ expect: events });
      await ready;
      return { all };
    },
    async close() {
      const closed = next("closed");
      ask({ close: true });
      await closed;
    },
    end: () => void child.kill("SIGKILL"),
  };
}
