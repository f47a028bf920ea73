import {
  type AnyPlatform,
  BotyardError,
  type Clock,
  contractRefusal,
  isBotyardError,
  type Log,
  operations,
  type Report,
} from "@botyard/sdk";
import { describeTable, type Table } from "../describe/describe.ts";
import { platformOf } from "../describe/platform.ts";
import { isolatedPlugin, type RunningPlugin } from "./isolated.ts";
import type { PluginRights } from "./rights.ts";
import { trustedPlugin } from "./trusted.ts";
import type { InstalledPlugin, PluginControl, PluginOptions, PluginStatus } from "./types.ts";

/** How long a load waits for the connections on the new code. */
const moveWithinMs = 10_000;

/** The platforms and operations there are at this moment: the maps stay the same, what is in them changes. */
export interface LiveTable {
  readonly platforms: ReadonlyMap<string, AnyPlatform>;
  readonly table: Table;
}

/** Ways to the connections of a platform, which come to be after the table. */
export interface Connections {
  of(platform: string): readonly string[];
  open(connection: string): Promise<unknown>;
  close(connection: string): Promise<unknown>;
  /** The plugin is gone: what is shown of the connection, with the reason. */
  broke(connection: string, report: Report): void;
}

export interface PluginsParts {
  readonly builtIn: readonly AnyPlatform[];
  readonly options: PluginOptions | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Connections;
}

export interface Plugins extends PluginControl, LiveTable {
  /** Null where the platform is part of the binary. */
  rights(platform: string): PluginRights | null;
  /** Takes what is installed into the table; one that cannot be taken is `failed` and keeps nobody from starting. */
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Built-in platforms and installed plugins as one table that changes while it is read. */
export function createPlugins(parts: PluginsParts): Plugins {
  const { builtIn, options, clock, log, connections } = parts;
  const running = new Map<string, RunningPlugin>();
  const broken = new Map<string, { readonly status: PluginStatus; readonly platform: AnyPlatform | null }>();
  const listeners = new Set<(what: "table" | "state") => void>();
  const platforms = new Map(builtIn.map((platform) => [platform.id, platform]));
  const table = { operations: new Map(), descriptors: new Map() } as {
    readonly operations: Map<string, Table["operations"] extends ReadonlyMap<string, infer O> ? O : never>;
    readonly descriptors: Map<string, Table["descriptors"] extends ReadonlyMap<string, infer D> ? D : never>;
  };
  // One after the other: two loads of one id must not both find the place free.
  let turn: Promise<unknown> = Promise.resolve();

  const changed = (what: "table" | "state"): void => {
    for (const listener of listeners) listener(what);
  };

  function renew(): void {
    platforms.clear();
    for (const platform of builtIn) platforms.set(platform.id, platform);
    for (const { platform } of running.values()) platforms.set(platform.id, platform);
    for (const { platform } of broken.values())
      if (platform && !isTaken(platform)) platforms.set(platform.id, platform);
    const next = describeTable(platforms.values());
    table.operations.clear();
    table.descriptors.clear();
    for (const [name, operation] of next.operations) table.operations.set(name, operation);
    for (const [name, descriptor] of next.descriptors) table.descriptors.set(name, descriptor);
    changed("table");
  }

  const isTaken = ({ id, namespace }: AnyPlatform): boolean =>
    platforms.has(id) || [...platforms.values()].some((other) => other.namespace === namespace);

  /** Throws where it must not come into the table. */
  function check({ manifest, version }: InstalledPlugin): void {
    const { id, namespace, description } = manifest;
    const refusal = contractRefusal(`${id} ${version}`, manifest.contract);
    if (refusal !== null) throw new BotyardError("unsupported", refusal);
    if (description.id !== id || description.namespace !== namespace)
      throw new BotyardError(
        "invalid",
        `The manifest of ${id} contradicts itself: its description is of ${description.id} (${description.namespace})`,
      );
    const nouns = new Set(Object.keys(operations).map((name) => name.split(".")[0]));
    if (nouns.has(namespace))
      throw new BotyardError(
        "conflict",
        `The namespace "${namespace}" is a word of Botyard's own; no plugin may take it`,
      );
    for (const platform of platforms.values()) {
      if (platform.id === id && (running.has(id) || broken.has(id))) continue;
      const same =
        platform.id === id ? `id "${id}"` : platform.namespace === namespace ? `namespace "${namespace}"` : null;
      if (same === null) continue;
      const whose = running.has(platform.id) ? `the plugin ${platform.id}` : "this binary";
      throw new BotyardError("conflict", `The ${same} is taken: ${whose} has it for ${platform.title}`);
    }
    for (const { name, route, run } of description.native) {
      const below = run === "tool" ? `/${namespace}/` : `/connections/{connection}/${namespace}/`;
      if (!name.startsWith(`${namespace}.`) || !route.slice(route.indexOf(" ") + 1).startsWith(below))
        throw new BotyardError("invalid", `The operation ${name} of ${id} is not called ${namespace}.… at ${below}…`);
    }
    // Proves the rest: what is no description throws here and not on the first call.
    platformOf(description);
  }

  async function make(plugin: InstalledPlugin): Promise<RunningPlugin> {
    if (plugin.trusted) return trustedPlugin(plugin, clock);
    if (!options) throw new BotyardError("unsupported", "This process cannot start plugins in processes of their own");
    const { id } = plugin.manifest;
    const made: RunningPlugin = isolatedPlugin({
      plugin,
      self: options.self,
      limits: options.limits ?? {},
      clock,
      log,
      changed: () => changed("state"),
      broke(reason) {
        if (running.get(id) === made) tell(id, reason);
      },
      again() {
        if (running.get(id) !== made) return;
        for (const connection of connections.of(id)) void open(connection);
      },
    });
    return made;
  }

  function tell(id: string, reason: string): void {
    // The state changes right after: what it will be is shown, not what it was.
    queueMicrotask(() => {
      const status = running.get(id)?.status();
      const quarantined = status?.state === "quarantined";
      for (const connection of connections.of(id))
        connections.broke(connection, {
          state: "failed",
          reason: `plugin_failed: ${status?.reason ?? reason}`,
          ...(quarantined ? { remedy: `botyard plugins update ${id}` } : {}),
        });
    });
  }

  const open = (connection: string): Promise<unknown> =>
    connections
      .open(connection)
      .catch((error: unknown) => log.error("a connection could not be opened", { connection, error }));

  async function loadNow(plugin: InstalledPlugin): Promise<PluginStatus> {
    const { id } = plugin.manifest;
    check(plugin);
    const next = await make(plugin);
    try {
      await next.start();
    } catch (error) {
      await next.stop(0);
      throw error;
    }
    const before = running.get(id);
    running.set(id, next);
    broken.delete(id);
    renew();
    // Sessions move to the new code; calls under way end on the old one. A server that is slow holds nobody up.
    const waited = new AbortController();
    const moved = Promise.all(connections.of(id).map(open)).finally(() => waited.abort());
    await Promise.race([moved, clock.sleep(moveWithinMs, waited.signal).catch(() => {})]);
    await before?.stop();
    return next.status();
  }

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };

  renew();
  return {
    platforms,
    table,
    rights(platform) {
      const manifest = running.get(platform)?.plugin.manifest;
      return manifest ? { origins: manifest.origins ?? [], hooks: manifest.hooks ?? false } : null;
    },
    list: () =>
      [
        ...[...running.values()].map((plugin) => plugin.status()),
        ...[...broken.values()].map(({ status }) => status),
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
    load: (plugin) => inTurn(() => loadNow(plugin)),
    unload: (id) =>
      inTurn(async () => {
        const found = running.get(id);
        if (broken.delete(id)) renew();
        if (!found) return;
        await Promise.all(connections.of(id).map((connection) => connections.close(connection)));
        running.delete(id);
        renew();
        await found.stop();
      }),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    begin: () =>
      inTurn(async () => {
        for (const plugin of options?.installed ?? [])
          try {
            check(plugin);
            running.set(plugin.manifest.id, await make(plugin));
            renew();
          } catch (error) {
            const status = failedStatus(plugin, error, clock);
            broken.set(status.id, {
              status,
              platform: brokenPlatform(plugin, status.reason ?? "it could not be loaded"),
            });
            renew();
            log.error("a plugin could not be loaded", {
              plugin: status.id,
              version: plugin.version,
              reason: status.reason,
            });
          }
      }),
    async end() {
      await Promise.all([...running.values()].map((plugin) => plugin.stop(0)));
    },
  };
}

/** Stands for a plugin that cannot run, so that its connections can say why; null where not even its manifest serves. */
function brokenPlatform({ manifest }: InstalledPlugin, reason: string): AnyPlatform | null {
  try {
    return {
      ...platformOf(manifest.description),
      open: () =>
        Promise.reject(new BotyardError("plugin_failed", reason, { fix: `botyard plugins update ${manifest.id}` })),
    };
  } catch {
    return null;
  }
}

function failedStatus({ manifest, version, trusted }: InstalledPlugin, error: unknown, clock: Clock): PluginStatus {
  return {
    id: manifest.id,
    namespace: manifest.namespace,
    title: manifest.description.title,
    version,
    process: trusted ? "in-process" : "child",
    state: "failed",
    reason: isBotyardError(error) ? error.message : "it could not be loaded",
    since: new Date(clock.now()).toISOString(),
    crashes: 0,
    restarts: 0,
  };
}
