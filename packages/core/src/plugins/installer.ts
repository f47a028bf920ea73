import type { InstalledPlugin } from "./types.ts";

/** What a plugin is and asks for, read without running it. */
export interface PluginInspection {
  readonly id: string;
  readonly namespace: string;
  readonly title: string;
  readonly version: string;
  readonly contract: string;
  /** Name of the npm package. */
  readonly package: string;
  /** As `plugins.lock.json` keeps it: `npm:zulip-botyard@^1`, or an absolute path. */
  readonly source: string;
  readonly integrity: string;
  readonly trusted: boolean;
  /** The version that is installed. */
  readonly from: string | null;
  readonly downgrade: boolean;
  /** Whether just this, from there, is installed. */
  readonly same: boolean;
  readonly asks: readonly string[];
  readonly changes: readonly string[] | null;
}

/** A plugin that was fetched and checked and lies beside what is installed; nothing refers to it yet. */
export interface StagedPlugin {
  readonly inspection: PluginInspection;
  /** Puts the files where they stay. Idempotent. */
  place(): Promise<InstalledPlugin>;
  /** Writes the lock file, then takes the files of the version before away. From here on it is installed. */
  commit(): Promise<void>;
  /** Takes away whatever is there of it, where it was not committed. */
  discard(): Promise<void>;
}

export interface StageOptions {
  /** Null: as it is installed, else a process of its own. */
  readonly trusted: boolean | null;
  /** Throws `conflict` where the lock file would change. */
  readonly frozen: boolean;
  readonly signal: AbortSignal;
}

export interface LockedPlugin {
  readonly id: string;
  readonly version: string;
  readonly source: string;
  readonly integrity: string;
  readonly trusted: boolean;
}

/** Why a plugin of the lock file cannot be used: its files are gone, or are not those installed. */
export interface BrokenPlugin {
  readonly id: string;
  readonly version: string;
  readonly reason: string;
}

/**
 * Plugins on the disk of one data directory. Knows npm, tarballs and the lock file, runs no code of a plugin, and is the
 * only one to write there while the data directory's lock is held. Throws BotyardError only.
 */
export interface PluginInstaller {
  /** What the lock file names and is whole; what is not comes back in `broken`. */
  installed(): Promise<{ readonly plugins: readonly InstalledPlugin[]; readonly broken: readonly BrokenPlugin[] }>;
  /** Lines of the lock file. */
  locked(): Promise<readonly LockedPlugin[]>;
  /** One after the other: two installations at one time would each write the lock file of before. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Fetches and checks: see `plugins.add` for what is refused. */
  stage(source: string, options: StageOptions): Promise<StagedPlugin>;
  /** What the lock file says of an id, exactly, fetched again. */
  stageLocked(id: string, signal: AbortSignal): Promise<StagedPlugin>;
  /** Whether files are those installed; null where they are, else the reason. */
  verify(id: string): Promise<string | null>;
  /** The newest version there is at its source; null where it is installed, or where only a path is known. */
  newer(id: string, signal: AbortSignal): Promise<string | null>;
  /** Out of the lock file first, then its files. */
  remove(id: string): Promise<LockedPlugin>;
}
