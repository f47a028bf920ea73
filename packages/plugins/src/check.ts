import { mkdtemp, rm, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { describePlatform } from "@botyard/core";
import type { Capability, PluginManifest } from "@botyard/sdk";
import { integrityOf } from "./integrity.ts";
import { readPackage } from "./package-json.ts";
import { buildPlugin, loadPlatform, readSourceJson } from "./pack.ts";
import { isFolder, readFolder, readTarball } from "./read-folder.ts";
import { unpack } from "./unpack.ts";

/** What a look at a plugin that is not installed found. */
export interface Checked {
  readonly name: string;
  readonly version: string;
  readonly manifest: PluginManifest;
  /** Operations by support: `{ native: 33, emulated: 4 }`; those that are `none` are left out. */
  readonly declared: Readonly<Record<string, number>>;
  /** What its manifest says and its code does not, or the other way; empty: they agree. */
  readonly differences: readonly string[];
  /** Null of a source folder, which has no manifest of its own yet. */
  readonly integrity: string | null;
}

function declaredOf({ capabilities }: PluginManifest["description"]): Record<string, number> {
  const counts: Record<string, number> = { native: 0, emulated: 0, degraded: 0, operator: 0 };
  for (const { support } of Object.values(capabilities as Readonly<Record<string, Capability>>))
    if (support !== "none") counts[support] = (counts[support] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Paths at which two JSON values differ, at most 20. */
function differences(a: unknown, b: unknown, at = "", found: string[] = []): readonly string[] {
  if (found.length >= 20 || Object.is(a, b)) return found;
  if (isObject(a) && isObject(b) && Array.isArray(a) === Array.isArray(b)) {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)]))
      differences(a[name], b[name], at ? `${at}.${name}` : name, found);
    return found;
  }
  found.push(at);
  return found;
}

/**
 * Looks at a source folder, a packed folder or a tarball: whether its manifest can be read, its code starts, and both say
 * the same. Runs the plugin's code, once, in this process: for its author. Throws what makes it no plugin.
 */
export async function checkPlugin(path: string): Promise<Checked> {
  const root = resolve(path);
  const folder = await isFolder(root);
  if (folder && !isPacked(await readSourceJson(root))) {
    const { name, version, manifest } = await buildPlugin(root);
    return { name, version, manifest, declared: declaredOf(manifest.description), differences: [], integrity: null };
  }
  const tarball = folder ? null : await readTarball(root);
  const files = tarball === null ? await readFolder(root) : await unpack(tarball);
  const { name, version, manifest } = readPackage(files);
  const temporary = await mkdtemp(join(tmpdir(), "botyard-check-"));
  try {
    for (const [file, bytes] of files) {
      await mkdir(dirname(join(temporary, file)), { recursive: true });
      await writeFile(join(temporary, file), bytes);
    }
    const code = describePlatform(await loadPlatform(join(temporary, manifest.entry)));
    return {
      name,
      version,
      manifest,
      declared: declaredOf(code),
      differences: differences(JSON.parse(JSON.stringify(manifest.description)), code),
      integrity: tarball && integrityOf(tarball),
    };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Whether a manifest is complete; what an author writes by hand is not. */
function isPacked({ botyard }: Readonly<Record<string, unknown>>): boolean {
  return isObject(botyard) && "description" in botyard && "entry" in botyard;
}
