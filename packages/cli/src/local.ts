import { type Config, createLogger, createRedactor, type Logger, openBotyard, type Opened } from "@botyard/core";
import type { Catalog } from "./catalog.ts";
import type { Io } from "./io.ts";

export interface LocalOptions {
  readonly version: string;
  readonly catalog: Catalog;
  readonly io: Io;
  /** Null: in memory, nothing on disk. */
  readonly dataDirectory: string | null;
  readonly create: boolean;
  readonly receive: boolean;
  readonly hooksUrl?: string | null;
  readonly retention?: Config["retention"];
  readonly durability?: Config["durability"];
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
  const opened = await openBotyard({
    version: options.version,
    platforms: await catalog.platforms(),
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
