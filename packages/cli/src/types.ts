import type { ListenAddress, Runtime } from "@botyard/core";
import type { AnyPlatform, Log } from "@botyard/sdk";
import type { Io } from "./io.ts";
import type { PluginWorks } from "./plugin-works.ts";

/** Listeners as `serve` and `demo` ask for them. */
export interface ServiceOptions {
  /** Port 0: any free one. */
  readonly listen: ListenAddress;
  /** Listener of the chat servers' requests, `/hooks/*` only; null: they come to the API's. */
  readonly hooks: ListenAddress | null;
  /** Whether the API may be reached from other machines without TLS. */
  readonly plain: boolean;
  readonly log: Log;
}

/** The service's listeners, once they accept. */
export interface StartedService {
  /** `http://127.0.0.1:8470` */
  readonly url: string;
  /** Where `/hooks/…` is taken: `http://127.0.0.1:8471`. */
  readonly hooksUrl: string;
  /** Stops accepting, waits for calls in flight. Does not close the runtime. */
  close(): Promise<void>;
}

/** Throws `conflict` when the port is taken. Injected, because the command line knows no HTTP server. */
export type StartService = (runtime: Runtime, options: ServiceOptions) => Promise<StartedService>;

export interface CliOptions {
  /** By id; each is loaded when it is first needed. */
  readonly platforms: Readonly<Record<string, () => Promise<AnyPlatform>>>;
  readonly version: string;
  readonly startService: StartService;
  /** Third-party plugins; absent: this program has none. Loaded when first needed. */
  readonly plugins?: () => Promise<PluginWorks>;
  /** How a person calls this program again: `botyard`, or a path with arguments, quoted for a shell. Default: found out. */
  readonly self?: string;
  /** Default: the process. */
  readonly io?: Io;
}

/** Options with everything found out. */
export type FullOptions = CliOptions & { readonly self: string };

export interface Cli {
  /** Runs one command line (without the program itself) and returns its exit code; throws nothing. */
  run(argv: readonly string[]): Promise<number>;
}
