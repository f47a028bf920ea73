import type { Suite } from "../figure.ts";

/** Suites by name; each is loaded only where it runs. `bun` only: what is about the compiled binary. */
export const suites: Readonly<
  Record<string, { readonly runtimes: readonly ("bun" | "deno")[]; load(): Promise<Suite> }>
> = {
  api: { runtimes: ["bun", "deno"], load: async () => (await import("./api.ts")).suite },
  events: { runtimes: ["bun", "deno"], load: async () => (await import("./events.ts")).suite },
  readers: { runtimes: ["bun", "deno"], load: async () => (await import("./readers.ts")).suite },
  memory: { runtimes: ["bun", "deno"], load: async () => (await import("./memory.ts")).suite },
  talk: { runtimes: ["bun", "deno"], load: async () => (await import("./talk.ts")).suite },
  binary: { runtimes: ["bun"], load: async () => (await import("./binary.ts")).suite },
};
