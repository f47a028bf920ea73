import { BotyardError, type Socket } from "@botyard/sdk";
import type { Gateway } from "./gateway.ts";

/** A socket to the gateway in the same process, as `host.socket` gives one. */
export function memorySocket(gateway: Gateway, url: URL, signal?: AbortSignal): Socket {
  const queue: string[] = [];
  let wake = (): void => {};
  let ended: { readonly error: BotyardError | null } | null = null;
  const broken = (): BotyardError => new BotyardError("unreachable", "The socket broke.", { effect: "none" });

  function end(error: BotyardError | null): void {
    ended ??= { error };
    wake();
  }
  const line = gateway.connect(
    {
      send(text) {
        if (ended) return;
        queue.push(text);
        wake();
      },
      drop: () => end(broken()),
    },
    url,
  );
  signal?.addEventListener("abort", () => void close(), { once: true });

  async function close(): Promise<void> {
    if (ended) return;
    end(null);
    line.gone();
  }

  return {
    messages: {
      [Symbol.asyncIterator]: () => ({
        async next() {
          for (;;) {
            const value = queue.shift();
            if (value !== undefined) return { done: false, value };
            if (ended?.error) throw ended.error;
            if (ended) return { done: true, value: undefined };
            await new Promise<void>((resolve) => (wake = resolve));
          }
        },
      }),
    },
    async send(data) {
      if (ended) throw ended.error ?? broken();
      line.receive(typeof data === "string" ? data : new TextDecoder().decode(data));
    },
    close,
  };
}
