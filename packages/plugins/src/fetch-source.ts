import { type Files, integrityOf, integrityOfFiles } from "./integrity.ts";
import type { Npm } from "./npm.ts";
import { isFolder, readFolder, readTarball } from "./read-folder.ts";
import type { Source } from "./source.ts";
import { unpack } from "./unpack.ts";

/** A package in memory, as its source gave it. */
export interface Fetched {
  readonly files: Files;
  /** Of the tarball; of a folder its files'. */
  readonly integrity: string;
  readonly deprecated: string | null;
}

/** Reads a source to the end. Nothing is written and nothing of it is run. */
export async function fetchSource(source: Source, npm: () => Npm, signal: AbortSignal): Promise<Fetched> {
  if (source.kind === "npm") {
    const registry = npm();
    const found = await registry.resolve(source.name, source.range, signal);
    const bytes = await registry.fetch(found, signal);
    return { files: await unpack(bytes), integrity: found.integrity, deprecated: found.deprecated };
  }
  if (await isFolder(source.path)) {
    const files = await readFolder(source.path);
    return { files, integrity: integrityOfFiles(files), deprecated: null };
  }
  const bytes = await readTarball(source.path);
  return { files: await unpack(bytes), integrity: integrityOf(bytes), deprecated: null };
}
