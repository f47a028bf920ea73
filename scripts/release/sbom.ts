import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Names = Readonly<Record<string, string>>;
interface Workspace {
  readonly name: string;
  readonly dependencies?: Names;
}
interface Detail {
  readonly dependencies?: Names;
  readonly optionalDependencies?: Names;
}
interface LockFile {
  readonly workspaces: Readonly<Record<string, Workspace>>;
  /** `["hono@4.13.19", "", { dependencies }, "sha512-…"]`; of a workspace only the first. */
  readonly packages: Readonly<Record<string, readonly [string, string?, Detail?, string?]>>;
}

interface Component {
  readonly type: "library" | "platform";
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
}

/** `@scope/name@1.2.3` → name and version. */
function split(text: string): readonly [string, string] {
  const at = text.lastIndexOf("@");
  return [text.slice(0, at), text.slice(at + 1)];
}

const purlOf = (name: string, version: string): string => `pkg:npm/${name.replace("@", "%40")}@${version}`;

function readLock(root: string): LockFile {
  const text = readFileSync(join(root, "bun.lock"), "utf8");
  // JSON with commas before closing brackets.
  return JSON.parse(text.replace(/,(\s*[}\]])/g, "$1")) as LockFile;
}

/**
 * Keys of the lock file that some workspaces need at run time, with what they need themselves. A dependency is looked up as
 * Bun does: below the one that asks, then further up, then at the top.
 */
function closure(lock: LockFile, folders: readonly string[]): string[] {
  const found = new Set<string>();
  const byName = new Map(Object.values(lock.workspaces).map((workspace) => [workspace.name, workspace]));
  const seen = new Set<string>();
  const resolve = (from: string, name: string): string | undefined => {
    const parts = from === "" ? [] : from.split(/\/(?=@)|(?<!@[^/]*)\//);
    for (let depth = parts.length; depth >= 0; depth--) {
      const key = [...parts.slice(0, depth), name].join("/");
      if (key in lock.packages) return key;
    }
    return undefined;
  };
  const visit = (from: string, { dependencies, optionalDependencies }: Detail): void => {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const workspace = byName.get(name);
      if (workspace) {
        if (seen.has(name)) continue;
        seen.add(name);
        visit("", workspace);
        continue;
      }
      const key = resolve(from, name);
      if (key === undefined || found.has(key)) continue;
      found.add(key);
      visit(key, lock.packages[key]?.[2] ?? {});
    }
  };
  for (const folder of folders) visit("", lock.workspaces[folder] ?? {});
  return [...found].sort();
}

function licenseOf(root: string, name: string, version: string): readonly unknown[] {
  const store = join(root, "node_modules/.bun");
  const prefix = `${name.replace("/", "+")}@${version}`;
  // What has peers is kept as `name@version+<hash of the peers>`.
  const folder = readdirSync(store).find((each) => each === prefix || each.startsWith(`${prefix}+`)) ?? prefix;
  const file = join(store, folder, "node_modules", name, "package.json");
  if (!existsSync(file)) return [];
  const { license } = JSON.parse(readFileSync(file, "utf8")) as { license?: unknown };
  return typeof license === "string" ? [{ license: { id: license } }] : [];
}

export interface SbomOptions {
  readonly root: string;
  readonly version: string;
  /** Version of the Bun inside: `1.4.4`. */
  readonly bun: string;
  /** ISO 8601; of the commit, so that the same sources give the same file. */
  readonly time: string;
}

/**
 * What is in the binary, as CycloneDX 1.6: the packages that the app and the plugins need at run time by the lock file, with
 * their hashes, and the Bun runtime. Own packages are the product itself.
 */
export function sbom({ root, version, bun, time }: SbomOptions): unknown {
  const lock = readLock(root);
  const folders = Object.keys(lock.workspaces).filter((path) => path === "apps/botyard" || path.startsWith("plugins/"));
  const libraries = closure(lock, folders).map((key): Component => {
    const [id, , , integrity] = lock.packages[key] ?? [key];
    const [name, at] = split(id);
    const licenses = licenseOf(root, name, at);
    return {
      type: "library",
      name,
      version: at,
      purl: purlOf(name, at),
      ...(licenses.length > 0 ? { licenses } : {}),
      ...(integrity?.startsWith("sha512-")
        ? { hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.slice(7), "base64").toString("hex") }] }
        : {}),
    };
  });
  const unique = [...new Map(libraries.map((each) => [each.purl, each])).values()];
  const runtime: Component = {
    type: "platform",
    name: "bun",
    version: bun,
    purl: purlOf("bun", bun),
    licenses: [{ license: { id: "MIT" } }],
  };
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: time,
      component: {
        type: "application",
        name: "botyard",
        version,
        purl: purlOf("botyard", version),
        licenses: [{ license: { id: "Apache-2.0" } }],
      },
    },
    components: [runtime, ...unique],
  };
}
