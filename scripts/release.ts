// bun run release:rehearse [--skip binaries]
// What a release does, up to the point where it would be published, in a copy of the checkout: versions and changelogs from
// the changesets, packages as JavaScript with declarations, packed, checked and published to a registry on the loopback;
// binaries for every target, and the program for Deno, with checksums and a bill of materials; the same binary twice, compared. Everything is left in
// dist/release.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { toTarball } from "../packages/plugins/src/tarball.ts";
import { compileForDeno } from "./compile-deno.ts";
import { compile, fileNameOf, targets, versionOf } from "./compile.ts";
import { copyCheckout } from "./release/copy.ts";
import { releasePackages } from "./release/packages.ts";
import { rehearsePublishing } from "./release/publish.ts";
import { sbom } from "./release/sbom.ts";
import { createStep } from "./release/step.ts";

const root = join(import.meta.dirname, "..");
const out = join(root, "dist/release");
const { values } = parseArgs({ options: { skip: { type: "string", multiple: true, default: [] } } });

function git(...args: readonly string[]): string {
  return spawnSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 }).stdout.trim();
}

function packages(): void {
  const folder = mkdtempSync(join(tmpdir(), "botyard-release-"));
  try {
    copyCheckout(root, folder);
    const step = createStep(folder);
    createStep(root)("install the copy", ["bun", "install", "--frozen-lockfile"], folder);
    step("versions and changelogs", ["bun", "--bun", "changeset", "version"], folder);
    const { version } = JSON.parse(readFileSync(join(folder, "apps/botyard/package.json"), "utf8")) as {
      version: string;
    };
    // The packer reads the versions of workspaces from the lock file.
    step("lock file of the new versions", ["bun", "install"], folder);
    // A new plugin begins with the SDK of the binary that made it.
    step("generated files of the new versions", ["bun", "scripts/generate.ts"], folder);
    console.log(`    this release would be ${version}`);
    releasePackages(folder, join(out, "packages"), step);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** The program for Deno as one file to fetch; false where it was not built. */
async function forDeno(name: string): Promise<boolean> {
  const folder = join(out, "deno");
  if (!compileForDeno(folder)) return false;
  const paths = globSync("**/*.{js,json}", { cwd: folder }).sort();
  const files = paths.map((path) => [path, readFileSync(join(folder, path))] as const);
  writeFileSync(join(out, "binaries", `${name}.tgz`), await toTarball(new Map(files), name));
  rmSync(folder, { recursive: true });
  return true;
}

async function binaries(): Promise<void> {
  const folder = join(out, "binaries");
  mkdirSync(folder, { recursive: true });
  const version = versionOf();
  const missing: string[] = targets.filter((target) => !compile(join(folder, fileNameOf(target, version)), target));
  if (!(await forDeno(`botyard-${version}-deno`))) missing.push("deno");
  const time = new Date(Number(git("log", "-1", "--format=%ct")) * 1000).toISOString();
  const bill = sbom({ root, version, bun: process.versions["bun"] ?? "", time });
  writeFileSync(join(folder, `botyard-${version}.cdx.json`), `${JSON.stringify(bill, null, 2)}\n`);
  const names = readdirSync(folder)
    .filter((name) => name !== "SHA256SUMS")
    .sort();
  writeFileSync(join(folder, "SHA256SUMS"), names.map((name) => `${sha256(join(folder, name))}  ${name}\n`).join(""));
  for (const name of names) console.log(`ok  ${name}`);
  if (missing.length > 0) throw new Error(`not built: ${missing.join(", ")}`);
}

/** Where two builds of the same sources differ: number of bytes, and the first place. */
function reproducible(): void {
  // Under one name: it is in the binary.
  const [first, second] = ["first", "second"].map((name) => join(out, name, "botyard"));
  if (first === undefined || second === undefined || !compile(first) || !compile(second)) throw new Error("not built");
  const [a, b] = [readFileSync(first), readFileSync(second)];
  let different = Math.abs(a.length - b.length);
  let at = -1;
  for (let i = 0; i < Math.min(a.length, b.length); i++)
    if (a[i] !== b[i]) {
      different += 1;
      if (at < 0) at = i;
    }
  for (const name of ["first", "second"]) rmSync(join(out, name), { recursive: true });
  console.log(
    different === 0
      ? "ok  two builds are the same, byte for byte"
      : `ok  two builds differ in ${different} of ${a.length} bytes, first at ${at}`,
  );
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
if (!values.skip.includes("packages")) {
  packages();
  await rehearsePublishing(join(out, "packages"));
}
if (!values.skip.includes("binaries")) await binaries();
if (!values.skip.includes("twice")) reproducible();
console.log("rehearsed: nothing was published");
