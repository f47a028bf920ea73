import {
  type AnyPlatform,
  type AnySession,
  BotyardError,
  type Clock,
  type Host,
  isBotyardError,
  type Log,
} from "@botyard/sdk";
import { platformOf } from "../describe/platform.ts";
import { type PluginLink, startPlugin } from "./process.ts";
import type { InstalledPlugin, PluginLimits, PluginState, PluginStatus, SelfSpawn } from "./types.ts";

/** A platform whose code runs in a process of its own, started when it is needed and again when it broke. */
export interface RunningPlugin {
  readonly plugin: InstalledPlugin;
  readonly platform: AnyPlatform;
  status(): PluginStatus;
  /** Throws what keeps it from running. */
  start(): Promise<void>;
  /** Waits for calls under way, at most `drainMs`, then ends the process. It does not start again. */
  stop(drainMs?: number): Promise<void>;
}

export interface IsolatedParts {
  readonly plugin: InstalledPlugin;
  readonly self: SelfSpawn;
  readonly limits: PluginLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Its state is another. */
  readonly changed: () => void;
  /** Its process is gone: open sessions answer `plugin_failed`. */
  readonly broke: (reason: string) => void;
  /** It runs again after it broke: sessions have to be opened anew. */
  readonly again: () => void;
}

/**
 * After the first crash of a minute, the second, … One alone costs little time; one that comes again is the plugin's way,
 * and each start takes a processor from the others.
 */
const backoffMs = [250, 1_000, 3_000, 8_000];
const crashWindowMs = 60_000;
const mostCrashes = 5;
/** How long a process without sessions is kept: opening anew must not start one each time. */
const idleMs = 5_000;

export function isolatedPlugin(parts: IsolatedParts): RunningPlugin {
  const { plugin, clock, log } = parts;
  const { id, namespace, description } = plugin.manifest;
  const data = platformOf(description);
  const stopped = new AbortController();
  let state: PluginState = "stopped";
  let reason: string | null = null;
  let since = clock.now();
  let link: PluginLink | null = null;
  let starting: Promise<PluginLink> | null = null;
  let idle: ReturnType<typeof setTimeout> | undefined;
  let sessions = 0;
  let crashes = 0;
  let restarts = 0;
  let recent: number[] = [];

  function enter(next: PluginState, why: string | null = null): void {
    if (state !== next) since = clock.now();
    state = next;
    reason = why;
    parts.changed();
  }

  const unfit = (): BotyardError =>
    new BotyardError("plugin_failed", `The ${data.title} plugin does not run: ${reason ?? state}`, {
      effect: "none",
      ...(state === "quarantined" ? { fix: `botyard plugins update ${id}` } : {}),
    });

  /** The running process, or the one that is being started. */
  function running(): Promise<PluginLink> {
    if (link) return Promise.resolve(link);
    if (starting) return starting;
    // Between two attempts nobody starts it out of turn: that would undo the backoff.
    if (stopped.signal.aborted || state === "quarantined" || state === "failed") return Promise.reject(unfit());
    return begin();
  }

  function begin(): Promise<PluginLink> {
    enter("starting");
    starting = startPlugin(parts).then(
      (made) => {
        starting = null;
        if (stopped.signal.aborted) {
          made.stop("the plugin was unloaded");
          throw unfit();
        }
        link = made;
        enter("running");
        made.onBroken((why) => {
          if (link === made) link = null;
          sessions = 0;
          parts.broke(why);
          crashed(why);
        });
        rest();
        return made;
      },
      (error: unknown) => {
        starting = null;
        crashed(isBotyardError(error) ? error.message : "it could not be started");
        throw error;
      },
    );
    return starting;
  }

  function crashed(why: string): void {
    if (stopped.signal.aborted) return;
    const now = clock.now();
    crashes += 1;
    recent = [...recent.filter((at) => now - at < crashWindowMs), now];
    if (recent.length >= mostCrashes) {
      log.error("the plugin is quarantined", { plugin: id, version: plugin.version, reason: why });
      enter("quarantined", `${mostCrashes} crashes in ${crashWindowMs / 1_000} s, quarantined; the last: ${why}`);
      return;
    }
    log.warn("the plugin broke and is started again", { plugin: id, version: plugin.version, reason: why });
    enter("failed", why);
    void clock
      .sleep(backoffMs[recent.length - 1] ?? crashWindowMs, stopped.signal)
      .then(begin)
      .then(() => {
        restarts += 1;
        parts.again();
      })
      .catch(() => {}); // counted as a crash, or unloaded
  }

  /** A process nobody has a session with ends after a while. */
  function rest(): void {
    clearTimeout(idle);
    if (sessions > 0) return;
    idle = setTimeout(() => {
      if (sessions > 0 || !link || link.platform.link.waiting() > 0) return;
      const unused = link;
      link = null;
      unused.stop("no connection needs it");
      enter("stopped");
    }, idleMs);
    idle.unref();
  }

  async function open(host: Host): Promise<AnySession> {
    const used = await running().catch((error: unknown) => {
      // Why it does not start is the plugin's fault, whatever it is called when it is loaded.
      throw new BotyardError("plugin_failed", error instanceof Error ? error.message : "it could not be started");
    });
    sessions += 1;
    clearTimeout(idle);
    let left = false;
    const leave = (): void => {
      if (left || link !== used) return;
      left = true;
      sessions -= 1;
      rest();
    };
    try {
      const session = await used.platform.open(host);
      return {
        ...session,
        close: () => session.close().finally(leave),
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  const { tools, imports, ...rested } = data;
  return {
    plugin,
    platform: {
      ...rested,
      open,
      ...(tools ? { tools: toolsOf(tools, running) } : {}),
      ...(imports ? { imports: importsOf(imports, running) } : {}),
    },
    status: () => {
      const memory = link?.memoryBytes();
      return {
        id,
        namespace,
        title: data.title,
        version: plugin.version,
        process: "child",
        state,
        ...(reason === null ? {} : { reason }),
        since: new Date(since).toISOString(),
        ...(link?.pid === undefined ? {} : { pid: link.pid }),
        crashes,
        restarts,
        ...(memory === null || memory === undefined ? {} : { memoryBytes: memory }),
      };
    },
    start: async () => void (await running()),
    async stop(drainMs = 5_000) {
      stopped.abort();
      clearTimeout(idle);
      const last = link;
      if (last) {
        const until = clock.now() + drainMs;
        while (last.platform.link.waiting() > 0 && clock.now() < until && link === last) await clock.sleep(10);
        link = null;
        last.stop("the plugin was unloaded");
      }
      enter("stopped");
    },
  };
}

type Tools = Readonly<Record<string, (input: unknown) => Promise<unknown>>>;

function toolsOf(tools: object, running: () => Promise<PluginLink>): NonNullable<AnyPlatform["tools"]> {
  return Object.fromEntries(
    Object.keys(tools).map((name) => [
      name,
      async (input: unknown) => ((await running()).platform.tools as Tools | undefined)?.[name]?.(input),
    ]),
    // Same names as the platform's own.
  ) as NonNullable<AnyPlatform["tools"]>;
}

function importsOf(
  imports: NonNullable<AnyPlatform["imports"]>,
  running: () => Promise<PluginLink>,
): NonNullable<AnyPlatform["imports"]> {
  return Object.fromEntries(
    Object.entries(imports).map(([name, { title }]) => [
      name,
      {
        title,
        async read(text: string) {
          const kind = (await running()).platform.imports?.[name];
          return (await kind?.read(text)) ?? {};
        },
      },
    ]),
  );
}
