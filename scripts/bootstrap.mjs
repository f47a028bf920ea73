// Runs on plain Node 20 with nothing installed: installs the locked dependencies (Bun itself comes from its npm
// package), then starts the command in its arguments. It is part of the scripts themselves and not a prestart or
// pretest, because npm skips those where `ignore-scripts` is set.
//
//   node scripts/bootstrap.mjs                                        install what is missing
//   node scripts/bootstrap.mjs bun apps/botyard/src/main.ts demo      … and run this
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const bin = join(root, "node_modules", ".bin");
const stamp = join(root, "node_modules", ".botyard-installed");
const windows = process.platform === "win32";
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")); // "bun@1.4.4"
const install = ["install", "--frozen-lockfile"];
const failures = []; // shown only where nothing worked

function main() {
  if (Number(process.versions.node.split(".")[0]) < 20)
    stop(`Node ${process.versions.node} is too old: Botyard needs Node 20 or newer.`);
  const wanted = fingerprint();
  if (!(existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && works(join(bin, "bun")))) {
    console.error("Installing dependencies (once) …");
    installAll();
    writeFileSync(stamp, wanted);
  }
  const [command, ...args] = process.argv.slice(2);
  if (command) run(command, args);
}

/** What the installed folder depends on: the lock file, every manifest, the machine. */
function fingerprint() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  const files = ["bun.lock", "bunfig.toml", "package.json"];
  for (const group of ["packages", "plugins", "apps", "examples"])
    for (const name of existsSync(join(root, group)) ? readdirSync(join(root, group)).sort() : [])
      files.push(join(group, name, "package.json"));
  for (const file of files) if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function installAll() {
  const own = join(bin, "bun");
  const done =
    (existsSync(own) && version(own) === packageManager && attempt(own, install)) ||
    attempt("npx", ["--yes", "--allow-scripts=bun", packageManager, ...install]) ||
    attemptWithoutScripts();
  if (!done) {
    failures.push("Could not install. If a package.json was edited, update the lock file with: bun install");
    stop(failures.join("\n"));
  }
  // Where install scripts are switched off, bun's own has not put its binary in place.
  if (!works(own)) attempt(process.execPath, [join(root, "node_modules", "bun", "install.js")]);
  if (!works(own)) stop("Bun was installed but does not start: " + own);
}

/** For machines where npm runs no install scripts: the binary inside the platform's own package needs none. */
function attemptWithoutScripts() {
  const dir = mkdtempSync(join(tmpdir(), "botyard-bun-"));
  try {
    const flags = ["--prefix", dir, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
    if (!attempt("npm", ["install", ...flags, packageManager], dir)) return false;
    const packages = join(dir, "node_modules", "@oven");
    return readdirSync(packages)
      .map((name) => join(packages, name, "bin", windows ? "bun.exe" : "bun"))
      .some((binary) => works(binary) && attempt(binary, install));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Silent: `npm start` belongs to the demo. */
function attempt(command, args, cwd = root) {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", shell: windows, maxBuffer: 1 << 26 });
  if (result.status === 0) return true;
  failures.push(`${command} ${args.join(" ")}: ${result.error?.message ?? `exit ${result.status}`}`);
  failures.push(`${result.stdout ?? ""}${result.stderr ?? ""}`.trimEnd());
  return false;
}

function version(binary) {
  const result = spawnSync(binary, ["--version"], { encoding: "utf8", shell: windows });
  return result.status === 0 ? `bun@${result.stdout.trim()}` : undefined;
}

function works(binary) {
  return version(binary) === packageManager;
}

/** Stays the parent of the command: hands signals on, ends as it ends. */
function run(command, args) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
  const child = spawn(command, args, { cwd: root, env, stdio: "inherit", shell: windows });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // npm's shell dies of a signal without handing it on; nothing may go on running, and hold its port, unseen.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 500).unref();
  child.on("error", (error) => stop(`${command}: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function stop(message) {
  console.error(message);
  process.exit(1);
}

main();
