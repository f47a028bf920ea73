import { describe, type Descriptor } from "@botyard/core";
import { type AnyOperation, type AnyPlatform, nativeOperations, operations } from "@botyard/sdk";
import type { CommandEntry, Group } from "./command.ts";
import type { CliOptions } from "./types.ts";

/** Every operation this binary knows. */
export interface Catalog {
  readonly common: ReadonlyMap<string, AnyOperation>;
  /** Loads every platform, once. */
  platforms(): Promise<readonly AnyPlatform[]>;
  /** The platforms' own operations, by name. */
  natives(): Promise<ReadonlyMap<string, { readonly operation: AnyOperation; readonly platform: string }>>;
}

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
  webhooks: "messages and events",
  typing: "messages and events",
  presence: "messages and events",
};

export function createCatalog(options: CliOptions): Catalog {
  let loaded: Promise<readonly AnyPlatform[]> | undefined;
  const platforms = (): Promise<readonly AnyPlatform[]> =>
    (loaded ??= Promise.all(Object.values(options.platforms).map((load) => load())));
  return {
    common: new Map(Object.entries(operations)),
    platforms,
    async natives() {
      const all = (await platforms()).flatMap((platform) =>
        nativeOperations(platform).map((operation) => [operation.name, { operation, platform: platform.id }] as const),
      );
      return new Map(all);
    },
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
