import { httpTransport } from "@botyard/client";
import type { AnyOperation } from "@botyard/sdk";
import type { Catalog } from "../catalog.ts";
import type { Globals } from "../globals.ts";
import type { Io } from "../io.ts";
import { openLocal } from "../local.ts";
import type { Backend, OpenBackend } from "../session.ts";
import type { FullOptions } from "../types.ts";
import { findService } from "./find.ts";
import { localTransport } from "./local-transport.ts";

export interface BackendWorld {
  readonly options: FullOptions;
  readonly io: Io;
  readonly globals: Globals;
  readonly dataDir: string;
  /** Whether nobody chose it. */
  readonly usualDataDir: boolean;
  readonly catalog: Catalog;
  note(text: string): void;
}

/** The running service where there is one, else a runtime in this process, which says so and never receives. */
export async function openBackend(world: BackendWorld, how: OpenBackend): Promise<Backend> {
  const { options, io, globals, catalog, dataDir, usualDataDir } = world;
  if (how.stateless) return inProcess(world, null, false);
  const service = await findService({
    io,
    globals,
    dataDir,
    usualDataDir,
    self: options.self,
  });
  if (!service) {
    const backend = await inProcess(world, dataDir, how.create ?? false);
    world.note(`no service is running: working on ${dataDir} in this process, receiving nothing`);
    return backend;
  }
  const natives: Record<string, AnyOperation> = {};
  // A command of a platform's own has asked for them by now; the others need neither them nor a platform.
  for (const [name, { operation }] of await catalog.askedNatives()) natives[name] = operation;
  return { url: service.url, transport: httpTransport({ ...service, operations: natives }), close: async () => {} };
}

async function inProcess(
  { options, io, catalog }: BackendWorld,
  dataDirectory: string | null,
  create: boolean,
): Promise<Backend> {
  const { runtime } = await openLocal({
    version: options.version,
    catalog,
    io,
    dataDirectory,
    create,
    receive: false,
    ...(options.plugins ? { plugins: options.plugins } : {}),
  });
  return { url: null, transport: localTransport(runtime), close: () => runtime.close() };
}
