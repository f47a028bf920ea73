import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Step } from "./step.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Package {
  readonly folder: string;
  readonly manifest: Manifest;
}

const read = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

/** What is published, each after what it needs. */
function publishable(root: string): Package[] {
  const all = ["packages", "plugins"].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(root, group, name))
      .filter((folder) => existsSync(join(folder, "package.json")))
      .map((folder): Package => ({ folder, manifest: read(folder) }))
      .filter(({ manifest }) => !manifest.private),
  );
  const ordered: Package[] = [];
  const add = (one: Package): void => {
    if (ordered.includes(one)) return;
    for (const name of Object.keys(one.manifest.dependencies ?? {})) {
      const needed = all.find(({ manifest }) => manifest.name === name);
      if (needed) add(needed);
    }
    ordered.push(one);
  };
  for (const one of all) add(one);
  return ordered;
}

/**
 * JavaScript and declarations by tsc, because Deno and Node take no TypeScript below node_modules. Changes the manifest, so
 * it is done in a copy of the checkout.
 */
function build({ folder, manifest }: Package, root: string, step: Step): void {
  const config = {
    extends: "./tsconfig.json",
    compilerOptions: {
      noEmit: false,
      declaration: true,
      outDir: "dist",
      rootDir: "src",
      rewriteRelativeImportExtensions: true,
      sourceMap: false,
    },
    include: ["src"],
    exclude: ["src/**/*.test.ts", "src/**/*.test-d.ts", "src/**/fixtures/**"],
  };
  const file = join(folder, "tsconfig.build.json");
  writeFileSync(file, JSON.stringify(config));
  step(`${manifest.name}: tsc`, ["tsc", "-p", file], folder);
  rmSync(file);
  declarationsSayJs(join(folder, "dist"));
  const dist = (path: string, extension: string): string =>
    path.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, extension);
  const isSource = (path: unknown): boolean => typeof path === "string" && path.startsWith("./src/");
  const all = Object.entries(manifest.exports ?? {});
  const exports = Object.fromEntries(
    all.map(([name, path]) => [
      name,
      typeof path === "string" && isSource(path) ? { types: dist(path, ".d.ts"), default: dist(path, ".js") } : path,
    ]),
  );
  const asItIs = all.flatMap(([, path]) => (typeof path === "string" && !isSource(path) ? [path.slice(2)] : []));
  const files = ["dist", ...asItIs, "README.md", "LICENSE"];
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ ...manifest, exports, files }, null, 2)}\n`);
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
}

/** tsc leaves `./x.ts` in declarations; there it means a source that is not in the package. */
function declarationsSayJs(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    const file = join(folder, name);
    const text = readFileSync(file, "utf8");
    const changed = text.replace(/(\bfrom |\bimport\()"(\.{1,2}\/[^"]*)(?<!\.d)\.ts"/g, '$1"$2.js"');
    if (changed !== text) writeFileSync(file, changed);
  }
}

/** Text of one file of a packed package. */
function packed(tarball: string, path: string): string {
  const bytes = gunzipSync(readFileSync(tarball));
  for (let at = 0; at + 512 <= bytes.length;) {
    const name = bytes
      .subarray(at, at + 100)
      .toString("utf8")
      .replace(/\0.*$/s, "");
    const size = Number.parseInt(bytes.subarray(at + 124, at + 136).toString("utf8"), 8) || 0;
    if (name === path) return bytes.subarray(at + 512, at + 512 + size).toString("utf8");
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`${tarball} holds no ${path}`);
}

/**
 * Installs all of them as a stranger would, from the tarballs alone, and imports each: on Node, which takes no TypeScript
 * below node_modules, and the runtimes that are promised. The test kit needs its runner, and is type-checked only.
 */
function useThem(all: readonly Package[], out: string, step: Step): void {
  const folder = join(out, "used");
  mkdirSync(folder);
  const local = Object.fromEntries(all.map(({ manifest }) => [manifest.name, `file:../${tarballOf(manifest)}`]));
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "used", private: true, type: "module", dependencies: local, overrides: local }),
  );
  step("install the tarballs", ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], folder);
  const names = all.map(({ manifest }) => manifest.name).filter((name) => name !== "@botyard/testing");
  writeFileSync(join(folder, "all.mjs"), names.map((name) => `await import("${name}");\n`).join(""));
  // Core needs node:sqlite, which Node has from 22.5 on; what a bot or a plugin imports runs on any.
  const light = ["@botyard/sdk", "@botyard/client"];
  writeFileSync(join(folder, "light.mjs"), light.map((name) => `await import("${name}");\n`).join(""));
  step("import sdk and client on Node", ["node", "light.mjs"], folder);
  step("import all on Bun", ["bun", "all.mjs"], folder);
  step("import all on Deno", ["deno", "run", "-A", "all.mjs"], folder);
  rmSync(folder, { recursive: true });
}

const tarballOf = ({ name, version }: Manifest): string => `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;

function pack({ folder, manifest }: Package, out: string, step: Step): string {
  step(`${manifest.name}: pack`, ["bun", "pm", "pack", "--quiet", "--destination", out], folder);
  const tarball = join(out, tarballOf(manifest));
  const text = packed(tarball, "package/package.json");
  if (/"(?:workspace|catalog):/.test(text)) throw new Error(`${manifest.name}: the packed manifest names a workspace`);
  return tarball;
}

/** Builds and packs some packages and what they need of ours: tarballs in `out`, by name. In a copy, as it changes it. */
export function packPackages(
  root: string,
  out: string,
  names: readonly string[],
  step: Step,
): Readonly<Record<string, string>> {
  mkdirSync(out, { recursive: true });
  const all = publishable(root);
  const wanted = new Set(names);
  for (const { manifest } of all.toReversed())
    if (wanted.has(manifest.name)) for (const name of Object.keys(manifest.dependencies ?? {})) wanted.add(name);
  const some = all.filter(({ manifest }) => wanted.has(manifest.name));
  for (const one of some) build(one, root, step);
  return Object.fromEntries(some.map((one) => [one.manifest.name, pack(one, out, step)]));
}

/** Builds, packs and checks every package that is published; the tarballs are in `out`. */
export function releasePackages(root: string, out: string, step: Step): void {
  mkdirSync(out, { recursive: true });
  const all = publishable(root);
  for (const one of all) build(one, root, step);
  for (const one of all) {
    const { manifest } = one;
    const tarball = pack(one, out, step);
    step(`${manifest.name}: publint`, ["bun", "x", "publint@0.3.25", tarball, "--strict"], root);
    step(
      `${manifest.name}: are the types wrong`,
      ["bun", "x", "--package", "@arethetypeswrong/cli@0.18.5", "attw", tarball, "--profile", "esm-only"],
      root,
    );
  }
  useThem(all, out, step);
}
