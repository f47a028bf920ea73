import type { PlatformDescription } from "@botyard/sdk";

/** What the runtime reads of a plugin's manifest; the whole of it is the SDK's `PluginManifest`. */
export interface PluginIdentity {
  /** `zulip`, as in `botyard connect zulip`; no two plugins have one id. */
  readonly id: string;
  /** Noun of its native operations; no two plugins have one namespace. */
  readonly namespace: string;
  /** Range of contract versions it was made for: `1`. */
  readonly contract: string;
  /**
   * What it may reach beside the connection's own URL: `settings` (URLs in its settings), `server` (origins the server
   * named when probed), or an origin like `https://files.example.org`. Absent: nothing else.
   */
  readonly origins?: readonly string[];
  /** Whether chat servers send to it. Absent: `host.hooks.url` is refused, and nothing is handed to it. */
  readonly hooks?: boolean;
  /** What it is without its code; its id and namespace are those of the manifest. */
  readonly description: PlatformDescription;
}

/** A plugin on disk. */
export interface InstalledPlugin {
  readonly manifest: PluginIdentity;
  /** `1.2.0` */
  readonly version: string;
  /** Absolute. */
  readonly folder: string;
  /** Absolute: the module whose default export is the platform. */
  readonly entryFile: string;
  /** In this process instead of one of its own, by the operator's explicit choice. */
  readonly trusted: boolean;
  /** Where it came from, as typed: `zulip@1.2.0`, `./zulip-1.2.0.tgz`. */
  readonly source: string;
  /** `sha512-…` */
  readonly integrity: string;
}

export type PluginState = "stopped" | "starting" | "running" | "failed" | "quarantined";

export interface PluginStatus {
  readonly id: string;
  readonly namespace: string;
  readonly title: string;
  readonly version: string;
  readonly process: "child" | "in-process";
  /**
   * `stopped`: no connection needs it. `failed`: it broke and is started again with backoff. `quarantined`: it broke 5
   * times in 60 s and is not started again before it is loaded anew.
   */
  readonly state: PluginState;
  /** A sentence; there for `failed` and `quarantined`. */
  readonly reason?: string;
  /** ISO 8601. */
  readonly since: string;
  /** Process id of the child, while there is one. */
  readonly pid?: number;
  /** Since it was loaded. */
  readonly crashes: number;
  readonly restarts: number;
  /** Resident memory of the child in bytes, as last seen. */
  readonly memoryBytes?: number;
}

/** The third-party plugins of a running runtime. */
export interface PluginControl {
  list(): readonly PluginStatus[];
  /**
   * Takes a plugin into the table, or puts it in the place of the one with its id: its connections are closed and opened
   * again on the new code. Resolves when the code runs: a child is started to prove it, also where no connection needs it
   * yet. Throws `invalid` (a manifest that lies), `unsupported` (another contract), `conflict` (id or namespace taken),
   * `plugin_failed` (the code does not start); then what ran before runs on.
   */
  load(plugin: InstalledPlugin): Promise<PluginStatus>;
  /** Closes its connections (their records stay) and ends its process. Does nothing for an unknown id. */
  unload(id: string): Promise<void>;
  /** Told after `load` and `unload` changed the table, and when a state changed. Returns how to stop listening. */
  onChange(listener: (what: "table" | "state") => void): () => void;
}

/** How this program starts itself again, in the role of a plugin. */
export interface SelfSpawn {
  /** Default: `process.execPath`. */
  readonly execPath?: string;
  /** Compiled: `[]`; under Bun `["main.ts"]`; under Deno `["run", "-A", "main.ts"]`. */
  readonly args: readonly string[];
  /** Added to the bare environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Limits of a plugin's process. What goes beyond them ends it, as a crash does. */
export interface PluginLimits {
  /** Resident memory in bytes; default 512 MiB. */
  readonly memoryBytes?: number;
  /** Milliseconds without an answer to a heartbeat; default 10 000. */
  readonly hangMs?: number;
  /** Milliseconds from its start to the first sign of life; default 10 000. */
  readonly startMs?: number;
  /** Messages a second that nobody asked for (logs, reports), over two seconds; default 50 000. */
  readonly notesPerSecond?: number;
  /** Bytes of one message; default 16 MiB. Bytes and items of streams go in pieces and do not count. */
  readonly messageBytes?: number;
  /** Calls of it that wait for the core's answer at one time; default 65 536. */
  readonly openCalls?: number;
}

export interface PluginOptions {
  readonly self: SelfSpawn;
  /** Loaded when the runtime starts; one that cannot be loaded is `failed` and keeps nobody else from starting. */
  readonly installed: readonly InstalledPlugin[];
  readonly limits?: PluginLimits;
}
