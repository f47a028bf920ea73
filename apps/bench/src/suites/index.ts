import type { Suite } from "../figure.ts";

/** Suites by name; each is loaded only where it runs. */
export const suites: Readonly<
  Record<string, { readonly runtimes: readonly ("bun" | "deno")[]; load(): Promise<Suite> }>
> = {
  api: { runtimes: ["bun", "deno"], load: async () => (await import("./api.ts")).suite },
  events: { runtimes: ["bun", "deno"], load: async () => (await import("./events.ts")).suite },
  readers: { runtimes: ["bun", "deno"], load: async () => (await import("./readers.ts")).suite },
  matrix: { runtimes: ["bun", "deno"], load: async () => (await import("./matrix.ts")).suite },
  mattermost: { runtimes: ["bun", "deno"], load: async () => (await import("./mattermost.ts")).suite },
  pull: { runtimes: ["bun", "deno"], load: async () => (await import("./pull.ts")).suite },
  wedged: { runtimes: ["bun", "deno"], load: async () => (await import("./wedged.ts")).suite },
  backlog: { runtimes: ["bun", "deno"], load: async () => (await import("./backlog.ts")).suite },
  growth: { runtimes: ["bun", "deno"], load: async () => (await import("./growth.ts")).suite },
  webhooks: { runtimes: ["bun", "deno"], load: async () => (await import("./webhooks.ts")).suite },
  memory: { runtimes: ["bun", "deno"], load: async () => (await import("./memory.ts")).suite },
  stoat: { runtimes: ["bun", "deno"], load: async () => (await import("./stoat.ts")).suite },
  plugins: { runtimes: ["bun", "deno"], load: async () => (await import("./plugins.ts")).suite },
  talk: { runtimes: ["bun", "deno"], load: async () => (await import("./talk.ts")).suite },
  binary: { runtimes: ["bun", "deno"], load: async () => (await import("./binary.ts")).suite },
};
