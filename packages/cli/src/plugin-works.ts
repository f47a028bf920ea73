import type { PluginInstaller } from "@botyard/core";
import type { AnyPlatform, PluginManifest } from "@botyard/sdk";
import { handwritten } from "./handwritten.ts";

/** A tarball that was made. */
export interface PackedPlugin {
  /** Absolute. */
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly manifest: PluginManifest;
  readonly integrity: string;
  readonly bytes: number;
}

/** A plugin that was looked at and is not installed. */
export interface CheckedPlugin {
  readonly name: string;
  readonly version: string;
  readonly manifest: PluginManifest;
  /** Operations by support. */
  readonly declared: Readonly<Record<string, number>>;
  /** Where manifest and code differ. */
  readonly differences: readonly string[];
}

/** What a plugin's own tests came to. */
export interface PluginSuite {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly { readonly name: string; readonly title: string; readonly reason: string }[];
}

/**
 * What the command line needs to keep plugins on a disk, and to make them. Injected: the command line knows neither npm
 * nor tarballs. Paths are absolute; throws BotyardError.
 */
export interface PluginWorks {
  installer(options: {
    readonly directory: string;
    readonly reserved: ReadonlyMap<string, string>;
    readonly env: Readonly<Record<string, string | undefined>>;
  }): PluginInstaller;
  pack(folder: string, out: string): Promise<PackedPlugin>;
  check(path: string): Promise<CheckedPlugin>;
  /** Its tests, the contract suite among them; null where what runs them is not installed. */
  suite(folder: string, only: string | null): Promise<PluginSuite | null>;
  /** Writes a new plugin into a folder that is not there yet; its files by path. */
  scaffold(id: string, folder: string): Promise<readonly string[]>;
}

/** Words no plugin may be called, with what they are; the nouns of the table are refused with the manifest. */
export function reservedWords(builtIn: readonly AnyPlatform[]): ReadonlyMap<string, string> {
  const commands = handwritten.flatMap(({ words }) => words.slice(0, 1));
  return new Map([
    ...[...commands, "help"].map((word) => [word, "a command of Botyard"] as const),
    ...builtIn.flatMap(({ id, namespace }) =>
      [id, namespace].map((word) => [word, "a platform of this binary"] as const),
    ),
  ]);
}
