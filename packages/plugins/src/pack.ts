import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describePlatform } from "@botyard/core";
import {
  type AnyPlatform,
  BotyardError,
  parseManifest,
  PluginAuthoring,
  type PluginManifest,
  toFieldIssues,
} from "@botyard/sdk";
import * as v from "valibot";
import { bundle } from "./bundle.ts";
import { type Files, integrityOf } from "./integrity.ts";
import { readJson, readPackage } from "./package-json.ts";
import { refuse, shown } from "./paths.ts";
import { isFolder } from "./read-folder.ts";
import { toTarball } from "./tarball.ts";

export interface Packed {
  /** Absolute. */
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly manifest: PluginManifest;
  readonly integrity: string;
  readonly bytes: number;
  readonly files: readonly string[];
}

/** A plugin built in memory: the package's files, and the manifest its code gave. */
export interface Built {
  readonly files: Files;
  readonly name: string;
  readonly version: string;
  readonly manifest: PluginManifest;
}

/** What of package.json goes on; scripts and dependencies do not. */
const kept = [
  "name",
  "version",
  "description",
  "license",
  "author",
  "contributors",
  "homepage",
  "repository",
  "bugs",
  "funding",
] as const;
const beside = /^(?:readme|licen[cs]e|notice|changelog)(?:\.(?:md|txt))?$/i;
const entry = "plugin.js";

async function findSource(
  folder: string,
  json: Readonly<Record<string, unknown>>,
  given: string | undefined,
): Promise<string> {
  const { exports, main } = json;
  const root = typeof exports === "object" && exports !== null ? (exports as Record<string, unknown>)["."] : exports;
  const named = typeof root === "object" && root !== null ? Object.values(root) : [root];
  const guesses = [given, "src/index.ts", ...named, main, "index.ts", "index.js"];
  for (const guess of given === undefined ? guesses : [given])
    if (typeof guess === "string" && (await stat(join(folder, guess)).catch(() => null))?.isFile())
      return join(folder, guess);
  throw new BotyardError("invalid", `the module of the plugin is not found in ${folder}`, {
    fix: 'say in its package.json where it is: "botyard": { "source": "src/index.ts" }',
  });
}

function isPlatform(value: unknown): value is AnyPlatform {
  return (
    typeof value === "object" && value !== null && "capabilities" in value && "open" in value && "namespace" in value
  );
}

/** The platform a module exports: runs the module, in this process. For its author's own code only. */
export async function loadPlatform(file: string): Promise<AnyPlatform> {
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BotyardError("invalid", `the plugin's code does not start: ${shown(why)}`, { cause: error });
  }
  if (isPlatform(module.default)) return module.default;
  throw new BotyardError("invalid", "the plugin's module has no platform as its default export", {
    fix: "export default definePlatform({ … })",
  });
}

function authoring(json: Readonly<Record<string, unknown>>): v.InferOutput<typeof PluginAuthoring> {
  const parsed = v.safeParse(PluginAuthoring, json["botyard"] ?? {});
  if (parsed.success) return parsed.output;
  const issues = toFieldIssues(parsed.issues).map(({ path, expected }) => ({ path: `botyard.${path}`, expected }));
  throw new BotyardError("invalid", 'the field "botyard" of package.json is not as it should be', { issues });
}

/**
 * Bundles the plugin of a folder, runs it once to see what it declares, and writes the manifest from that. The code that
 * runs is that of the folder. Throws `invalid` and `unsupported`.
 */
export async function buildPlugin(folder: string): Promise<Built> {
  const json = await readSourceJson(folder);
  const { origins, hooks, contract, source } = authoring(json);
  const temporary = await mkdtemp(join(tmpdir(), "botyard-pack-"));
  try {
    const file = join(temporary, entry);
    await bundle(await findSource(folder, json, source), file, folder);
    const description = describePlatform(await loadPlatform(file));
    const { id, namespace, title } = description;
    const manifest: PluginManifest = {
      kind: "platform",
      id,
      namespace,
      title,
      contract: contract ?? String(description.contract),
      entry,
      origins,
      hooks,
      description,
    };
    const info = Object.fromEntries(kept.flatMap((name) => (json[name] === undefined ? [] : [[name, json[name]]])));
    const own = {
      ...info,
      keywords: keywords(json),
      type: "module",
      exports: `./${entry}`,
      botyard: parseManifest(manifest),
    };
    const files = new Map<string, Uint8Array>([
      ["package.json", new TextEncoder().encode(`${JSON.stringify(own, null, 2)}\n`)],
      [entry, await readFile(file)],
    ]);
    for (const name of await textsOf(folder)) files.set(name, await readFile(join(folder, name)));
    // The same eyes that will look at it when it is installed.
    const found = readPackage(files);
    return { files, ...found };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function keywords({ keywords: given }: Readonly<Record<string, unknown>>): readonly string[] {
  const all = Array.isArray(given) ? given.filter((one) => typeof one === "string") : [];
  return [...new Set([...all, "botyard", "botyard-plugin"])];
}

async function textsOf(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { withFileTypes: true });
  return found
    .filter((one) => one.isFile() && beside.test(one.name))
    .map(({ name }) => name)
    .sort();
}

export async function readSourceJson(folder: string): Promise<Readonly<Record<string, unknown>>> {
  if (!(await isFolder(folder))) refuse(`${shown(folder)} is no folder`);
  const bytes = await readFile(join(folder, "package.json")).catch(() => null);
  if (bytes === null)
    throw new BotyardError("not_found", `there is no package.json in ${folder}`, { fix: "botyard plugins new <id>" });
  return readJson(new Map([["package.json", bytes]]));
}

/** `zulip-0.1.0.tgz`; of `@chat/zulip` `chat-zulip-0.1.0.tgz`, as npm does it. */
function tarballName(name: string, version: string): string {
  return `${name.replace(/^@/, "").replaceAll("/", "-")}-${version}.tgz`;
}

/** Builds the plugin of a folder and writes the tarball into `out` (default: the folder). */
export async function packPlugin(folder: string, out: string = folder): Promise<Packed> {
  const root = resolve(folder);
  const { files, name, version, manifest } = await buildPlugin(root);
  const tarball = await toTarball(files);
  const file = join(resolve(out), tarballName(name, version));
  const temporary = `${file}.${randomUUID().slice(0, 8)}.new`;
  try {
    await writeFile(temporary, tarball);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    const { code = "?" } = error as NodeJS.ErrnoException;
    throw new BotyardError("internal", `${file} cannot be written (${code})`, { cause: error });
  }
  return {
    file,
    name,
    version,
    manifest,
    integrity: integrityOf(tarball),
    bytes: tarball.length,
    files: [...files.keys()],
  };
}
