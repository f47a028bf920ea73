import { describe, type Descriptor } from "@botyard/core";
import { type AnyOperation, type AnyPlatform, nativeOperations, operations } from "@botyard/sdk";
import type { CommandEntry, Group } from "./command.ts";
import type { CliOptions } from "./types.ts";

/** Every operation this binary knows. */
export interface Catalog {
  readonly common: ReadonlyMap<string, AnyOperation>;
  /** Platforms of the binary, loaded once. */
  builtIn(): Promise<readonly AnyPlatform[]>;
  /** The same and those of installed plugins, as their manifests describe them. */
  platforms(): Promise<readonly AnyPlatform[]>;
  /** The platforms' own operations, by name. */
  natives(): Promise<Natives>;
  /** Those that were asked for so far; empty where the command needed none, and no platform was loaded for it. */
  askedNatives(): Promise<Natives>;
}

type Natives = ReadonlyMap<string, { readonly operation: AnyOperation; readonly platform: string }>;

const groupOf: Readonly<Record<string, Group>> = {
  connections: "start",
  steps: "start",
  service: "look",
  gaps: "look",
  ledger: "look",
  bots: "bots and rooms",
  credentials: "bots and rooms",
  rooms: "bots and rooms",
  members: "bots and rooms",
  users: "bots and rooms",
  messages: "messages and events",
  reactions: "messages and events",
  files: "messages and events",
  events: "messages and events",
  consumers: "messages and events",
  keys: "access",
  audit: "access",
  plugins: "platforms",
  webhooks: "messages and events",
  typing: "messages and events",
  presence: "messages and events",
};

/** `installed`: platforms of plugins, given those of the binary; asked once. */
export function createCatalog(
  options: CliOptions,
  installed?: (builtIn: readonly AnyPlatform[]) => Promise<readonly AnyPlatform[]>,
): Catalog {
  let loaded: Promise<readonly AnyPlatform[]> | undefined;
  let all: Promise<readonly AnyPlatform[]> | undefined;
  const builtIn = (): Promise<readonly AnyPlatform[]> =>
    (loaded ??= Promise.all(Object.values(options.platforms).map((load) => load())));
  const platforms = (): Promise<readonly AnyPlatform[]> =>
    (all ??= builtIn().then(async (own) => [...own, ...((await installed?.(own)) ?? [])]));
  let asked: Promise<Natives> | undefined;
  return {
    common: new Map(Object.entries(operations)),
    builtIn,
    platforms,
    natives: () =>
      (asked ??= platforms().then(
        (found) =>
          new Map(
            found.flatMap((platform) =>
              nativeOperations(platform).map(
                (operation) => [operation.name, { operation, platform: platform.id }] as const,
              ),
            ),
          ),
      )),
    askedNatives: async () => (await asked) ?? new Map(),
  };
}

/** Descriptions are made when the command is called: the tree needs words and summaries only. */
export function operationEntry(operation: AnyOperation, platform: string | null): CommandEntry {
  const words = operation.name.split(".");
  return {
    words,
    summary: operation.summary,
    group: (platform === null ? groupOf[words[0] ?? ""] : undefined) ?? "platforms",
    async load() {
      const { operationCommand } = await import("./operation-command.ts");
      const descriptor: Descriptor = describe(operation, platform);
      return operationCommand(descriptor, operation);
    },
  };
}
