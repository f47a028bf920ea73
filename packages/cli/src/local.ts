import {
  type Config,
  createLogger,
  createRedactor,
  type HooksUrl,
  type Logger,
  openBotyard,
  type Opened,
  type OpenOptions,
  selfSpawn,
} from "@botyard/core";
import { type AnyPlatform, isBotyardError } from "@botyard/sdk";
import type { Catalog } from "./catalog.ts";
import type { Io } from "./io.ts";
import { reservedWords } from "./plugin-works.ts";
import type { FullOptions } from "./types.ts";

export interface LocalOptions {
  readonly version: string;
  readonly catalog: Catalog;
  readonly plugins?: FullOptions["plugins"];
  readonly io: Io;
  /** Null: in memory, nothing on disk. */
  readonly dataDirectory: string | null;
  readonly create: boolean;
  readonly receive: boolean;
  readonly hooksUrl?: HooksUrl;
  readonly retention?: Config["retention"];
  readonly durability?: Config["durability"];
  readonly pluginLimits?: Config["plugins"];
  readonly log?: Config["log"];
}

export interface Local extends Opened {
  readonly logger: Logger;
}

/** The one place where the command line makes a runtime of its own. The caller closes `runtime`. */
export async function openLocal(options: LocalOptions): Promise<Local> {
  const { io, catalog } = options;
  const redactor = createRedactor();
  const logger = createLogger({
    ...(options.log ?? { level: io.env["BOTYARD_DEBUG"] ? "debug" : "error", format: "human" }),
    redactor,
    write: (line) => io.err(line),
    colors: io.colour.err,
  });
  const builtIn = await catalog.builtIn();
  const opened = await openBotyard({
    ...(await pluginParts(options, builtIn)),
    version: options.version,
    platforms: builtIn,
    dataDirectory: options.dataDirectory,
    create: options.create,
    receive: options.receive,
    logger,
    redactor,
    env: io.env,
    ...(options.hooksUrl === undefined ? {} : { hooksUrl: options.hooksUrl }),
    ...(options.durability ? { durability: options.durability } : {}),
    ...(options.retention ? { retention: options.retention } : {}),
  });
  return { ...opened, logger };
}

/** Plugins of a data directory; in memory there are none. */
async function pluginParts(
  { plugins, pluginLimits, dataDirectory, io }: LocalOptions,
  builtIn: readonly AnyPlatform[],
): Promise<Pick<OpenOptions, "plugins" | "installer">> {
  if (!plugins || dataDirectory === null) return {};
  const works = await plugins();
  const installer = works.installer({ directory: dataDirectory, reserved: reservedWords(builtIn), env: io.env });
  const installed = await installer.installed().catch((error: unknown) => {
    // A lock file that cannot be read stops nobody who has no need of it; `plugins list` says it again.
    io.err(`! plugins  ${isBotyardError(error) ? error.message : String(error)}\n`);
    return { plugins: [] };
  });
  const limits = pluginLimits ? { limits: pluginLimits } : {};
  return { installer, plugins: { self: selfSpawn(), installed: installed.plugins, ...limits } };
}
