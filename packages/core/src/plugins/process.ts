import { BotyardError, type Clock, type Log } from "@botyard/sdk";
import { type RemotePlatform, remotePlatform } from "../channel/core-side.ts";
import { checkHello } from "../channel/hello.ts";
import { spawnPlugin } from "../channel/spawn.ts";
import { platformOf } from "../describe/platform.ts";
import { guardPort } from "./guard-port.ts";
import { residentBytes } from "./memory.ts";
import type { InstalledPlugin, PluginLimits, SelfSpawn } from "./types.ts";

/** A plugin's process that has shown that it is what its manifest says. */
export interface PluginLink {
  readonly platform: RemotePlatform;
  readonly pid: number | undefined;
  /** Resident memory in bytes as last seen. */
  memoryBytes(): number | null;
  /** Told once why it is gone, except after `stop`. */
  onBroken(listener: (reason: string) => void): void;
  /** Ends the process: it is asked first, and killed after 2 s. */
  stop(reason: string): void;
}

interface Parts {
  readonly plugin: InstalledPlugin;
  readonly self: SelfSpawn;
  readonly limits: PluginLimits;
  readonly clock: Clock;
  readonly log: Log;
}

const defaults = {
  memoryBytes: 512 << 20,
  hangMs: 10_000,
  startMs: 10_000,
  notesPerSecond: 50_000,
  messageBytes: 16 << 20,
  openCalls: 65_536,
} satisfies Required<PluginLimits>;

/** How often memory is looked at: what a process may grow by before it is noticed. */
const lookEveryMs = 500;

/**
 * Starts the process of a plugin and waits until its code runs. Throws `plugin_failed` where it does not, and `invalid`
 * where the code is another than the manifest says; the process is ended then.
 */
export async function startPlugin(parts: Parts): Promise<PluginLink> {
  const { plugin, self, log } = parts;
  const limits = { ...defaults, ...parts.limits };
  const { description } = plugin.manifest;
  const child = spawnPlugin({
    execPath: self.execPath,
    args: self.args,
    env: { ...self.env, BOTYARD_ROLE: "plugin", BOTYARD_PLUGIN: plugin.entryFile },
    cwd: plugin.folder,
    output: (line) => log.info("the plugin printed", { line }),
  });
  let stopping = false;
  let broken: string | null = null;
  let tell: ((reason: string) => void) | null = null;
  let memory: number | null = null;

  const end = (reason: string): void => {
    platform.link.close(reason);
    child.kill();
  };
  const platform = remotePlatform(guardPort(child.port, limits, end), platformOf(description));
  const watch = watchProcess();
  platform.link.onClose((reason) => {
    clearInterval(watch);
    broken = reason;
    if (!stopping) tell?.(reason);
  });

  /** Memory and signs of life; a process that is stuck cannot say so itself. */
  function watchProcess(): ReturnType<typeof setInterval> {
    let askedAt: number | null = null;
    let looks = 0;
    const look = (): void => {
      const seen = child.pid === undefined ? null : residentBytes(child.pid);
      if (seen !== null) memory = seen;
      if (memory !== null && memory > limits.memoryBytes)
        return end(`its memory grew beyond ${limits.memoryBytes >> 20} MiB`);
      const now = performance.now();
      if (askedAt === null) {
        askedAt = now;
        looks = 0;
        platform.link.ping().then(
          (bytes) => {
            askedAt = null;
            if (seen === null) memory = bytes;
          },
          () => {}, // it is gone, and `onClose` says so
        );
      } else if (++looks >= 4 && now - askedAt > limits.hangMs)
        // Not by the clock alone: a machine that slept is no plugin that hangs.
        end(`it hangs: no sign of life for ${limits.hangMs / 1_000} s`);
    };
    const timer = setInterval(look, Math.min(lookEveryMs, limits.hangMs / 4));
    timer.unref();
    return timer;
  }

  const link: PluginLink = {
    platform,
    pid: child.pid,
    memoryBytes: () => memory,
    onBroken(listener) {
      tell = listener;
      if (broken !== null && !stopping) listener(broken);
    },
    stop(reason) {
      stopping = true;
      platform.link.close(reason);
    },
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new BotyardError("plugin_failed", `${plugin.manifest.id} did not start within ${limits.startMs / 1_000} s`),
        ),
      limits.startMs,
    );
  });
  try {
    checkHello(plugin.manifest, await Promise.race([platform.link.hello(), late]));
    return link;
  } catch (error) {
    const gone = broken;
    stopping = true;
    end("it did not start");
    // Of a process that is gone the call knows less than its end.
    throw gone === null ? error : new BotyardError("plugin_failed", `${plugin.manifest.id} does not start: ${gone}`);
  } finally {
    clearTimeout(timer);
  }
}
