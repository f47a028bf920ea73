import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyCheckout } from "./copy.ts";
import { packPackages } from "./packages.ts";
import type { Step } from "./step.ts";

/** The SDK and the test kit as a stranger gets them: tarballs by name, with what they need of ours. */
export interface PackedSdk {
  readonly tarballs: Readonly<Record<string, string>>;
  remove(): void;
}

/** `into`: default a folder that `remove` takes away. */
export function packSdk(root: string, step: Step, into?: string): PackedSdk {
  const folder = into ?? mkdtempSync(join(tmpdir(), "botyard-sdk-"));
  const checkout = join(folder, "checkout");
  copyCheckout(root, checkout);
  step("install a copy of the checkout", ["bun", "install", "--frozen-lockfile"], checkout);
  useOurBun(checkout);
  const tarballs = packPackages(checkout, join(folder, "packed"), ["@botyard/sdk", "@botyard/testing"], step);
  rmSync(checkout, { recursive: true, force: true });
  return { tarballs, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What its scripts take from the checkout: how results are counted there. */
const shared = " --config ../../vitest.config.ts --root .";

/** Packages of ours come from the tarballs, all else from the registry, as it would be once they are published. */
export function useTarballs(folder: string, tarballs: PackedSdk["tarballs"]): void {
  const file = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, string> | undefined>;
  const local = Object.fromEntries(Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]));
  const swap = (kind: string) =>
    Object.fromEntries(Object.entries(manifest[kind] ?? {}).map(([name, range]) => [name, local[name] ?? range]));
  const scripts = Object.entries(manifest["scripts"] ?? {}).map(([name, line]) => [name, line.replace(shared, "")]);
  const changed = {
    ...manifest,
    scripts: Object.fromEntries(scripts) as Record<string, string>,
    dependencies: swap("dependencies"),
    devDependencies: swap("devDependencies"),
    overrides: local,
  };
  writeFileSync(file, JSON.stringify(changed, null, 2));
}

const bun = "node_modules/bun/bin/bun.exe";

/**
 * A folder that will be deleted runs on the checkout's Bun. All Bun processes of one version share a folder of links
 * to whichever ran a script last, and whatever runs beside would find nothing there.
 */
export function useOurBun(folder: string): void {
  const theirs = join(folder, bun);
  if (!existsSync(theirs)) return;
  rmSync(theirs);
  symlinkSync(realpathSync(join(import.meta.dirname, "../..", bun)), theirs);
}

const leftOut = /(?:^|[\\/])(?:node_modules|\.results|\.turbo)$/;

/** A plugin in a folder of its own, outside of the checkout, installed from the tarballs. */
export function outside(source: string, folder: string, tarballs: PackedSdk["tarballs"], step: Step): void {
  mkdirSync(folder, { recursive: true });
  cpSync(source, folder, { recursive: true, filter: (from) => !leftOut.test(from) });
  install(folder, tarballs, step);
}

export function install(folder: string, tarballs: PackedSdk["tarballs"], step: Step): void {
  useTarballs(folder, tarballs);
  step("install the plugin from the tarballs", ["bun", "install", "--no-save"], folder);
  useOurBun(folder);
}
