import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dataFiles } from "./paths.ts";

/** What a running service leaves in its data directory for commands. */
export interface ServiceFile {
  /** `http://127.0.0.1:8470` */
  readonly url: string;
  readonly pid: number;
  readonly version: string;
}

/** 0600, and never half written. */
export async function writeServiceFile(dataDir: string, file: ServiceFile): Promise<void> {
  const path = dataFiles(dataDir).service;
  await writeFile(`${path}.new`, `${JSON.stringify(file)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function removeServiceFile(dataDir: string): Promise<void> {
  await rm(dataFiles(dataDir).service, { force: true });
}

/** Null where there is none, or none that can be read. */
export async function readServiceFile(dataDir: string): Promise<ServiceFile | null> {
  try {
    const found = JSON.parse(await readFile(dataFiles(dataDir).service, "utf8")) as Partial<ServiceFile>;
    return typeof found.url === "string" && typeof found.pid === "number"
      ? { url: found.url, pid: found.pid, version: String(found.version) }
      : null;
  } catch {
    return null;
  }
}
