import { BotyardError, contractRefusal, parseManifest, type PluginManifest } from "@botyard/sdk";
import { valid } from "semver";
import type { Files } from "./integrity.ts";
import { limits } from "./limits.ts";
import { refuse, shown } from "./paths.ts";

/** A package read without running it. */
export interface PluginPackage {
  readonly name: string;
  readonly version: string;
  readonly manifest: PluginManifest;
}

type Json = Readonly<Record<string, unknown>>;

export function readJson(files: Files): Json {
  const bytes = files.get("package.json");
  if (!bytes) return refuse("there is no package.json in it");
  if (bytes.length > limits.manifest) return refuse(`its package.json has more than ${limits.manifest / 1_048_576} MB`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return refuse("its package.json is no JSON");
  }
  return typeof json === "object" && json !== null && !Array.isArray(json)
    ? (json as Json)
    : refuse("its package.json is no object");
}

/** What it needs and does not bring. */
function missing(json: Json, files: Files): readonly string[] {
  const { dependencies } = json;
  if (typeof dependencies !== "object" || dependencies === null) return [];
  const brought = new Set(
    [...files.keys()].flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(path)?.[1] ?? []),
  );
  return Object.keys(dependencies).filter((name) => !brought.has(name));
}

/**
 * Reads name, version and manifest, and looks whether this can be installed here. Throws `invalid` (no manifest, one that
 * is wrong, an entry that is not there, dependencies outside the package) and `unsupported` (another contract).
 */
export function readPackage(files: Files): PluginPackage {
  const json = readJson(files);
  const { name, version } = json;
  if (typeof name !== "string" || !/^(?:@[\w.~-]+\/)?[\w.~-]{1,214}$/.test(name))
    refuse("its package.json has no name");
  if (typeof version !== "string" || valid(version) !== version || version.length > 100)
    refuse("its package.json has no version like 1.2.3");
  const manifest = parseManifest(json["botyard"]);
  const { id, contract, entry } = manifest;
  const refusal = contractRefusal(`${id} ${version}`, contract);
  if (refusal !== null) throw new BotyardError("unsupported", `${refusal}. Nothing was installed`);
  if (!files.has(entry.replace(/^\.\//, ""))) refuse(`its entry ${shown(entry)} is not in the package`);
  const needed = missing(json, files);
  if (needed.length > 0)
    throw new BotyardError(
      "invalid",
      `${id} ${version} depends on what is not in its package: ${needed.slice(0, 5).map(shown).join(", ")}${needed.length > 5 ? ` and ${needed.length - 5} more` : ""}. Botyard installs one package and nothing beside it`,
      { fix: "its author publishes the file that botyard plugins pack makes: everything is in it" },
    );
  return { name: name as string, version: version as string, manifest };
}
