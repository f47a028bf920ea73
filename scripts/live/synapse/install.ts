import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The Synapse the live run is written for, from PyPI. */
const synapseVersion = "1.157.1";

const oldestPython = [3, 10] as const;
const hourMs = 3_600_000;

/** Why Synapse cannot be installed here, or `undefined`. */
export function whyNoPython(): string | undefined {
  const asked = spawnSync("python3", ["-c", "import sys; print(*sys.version_info[:2]); import venv, ensurepip"], {
    encoding: "utf8",
  });
  if (asked.error) return "python3 was not found; Synapse needs Python 3.10 or newer";
  const [major = 0, minor = 0] = asked.stdout.trim().split(" ").map(Number);
  if (major < oldestPython[0] || (major === oldestPython[0] && minor < oldestPython[1])) {
    return `python3 is ${major}.${minor}; Synapse needs Python 3.10 or newer`;
  }
  if (asked.status !== 0) return "python3 has no venv module (on Debian: the package python3-venv)";
  return undefined;
}

/**
 * Installs Synapse into a virtual environment of the user's cache folder, or finds it there.
 * It is built in a folder of its own and renamed when complete, so that an interrupted
 * installation is never used and two runs at once do no harm.
 * @returns the path of the environment's Python
 */
export async function installSynapse(note: (text: string) => void): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "botyard", "live");
  const home = join(cache, `synapse-${synapseVersion}`);
  if (works(home)) return pythonOf(home);
  mkdirSync(cache, { recursive: true });
  sweep(cache);
  const staging = join(cache, `.staging-${process.pid}-${Date.now()}`);
  setAside(home, `${staging}-broken`);
  note(`installing matrix-synapse ${synapseVersion}, about half a minute, once`);
  try {
    await run("python3", ["-m", "venv", staging]);
    const quietly = ["--quiet", "--no-input", "--disable-pip-version-check", "--prefer-binary"];
    await run(pythonOf(staging), ["-m", "pip", "install", ...quietly, `matrix-synapse==${synapseVersion}`]);
    writeFileSync(join(staging, "complete"), `${synapseVersion}\n`);
    if (!works(staging)) throw new Error("the new virtual environment cannot import synapse");
    settle(staging, home);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return pythonOf(home);
}

/**
 * Moves a broken environment out of the way in one rename, before the installation and never
 * after it: by then another run may have put a good one there.
 */
function setAside(home: string, aside: string): void {
  if (!existsSync(home)) return;
  try {
    renameSync(home, aside);
  } catch (error) {
    if (existsSync(home)) throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

/** Puts the finished environment in place, unless another run was faster. */
function settle(staging: string, home: string): void {
  try {
    renameSync(staging, home);
  } catch (error) {
    if (!works(home)) throw error;
  }
}

function works(home: string): boolean {
  if (!existsSync(join(home, "complete"))) return false;
  const asked = spawnSync(pythonOf(home), ["-c", "import synapse; print(synapse.__version__)"], {
    encoding: "utf8",
  });
  return asked.status === 0 && asked.stdout.trim() === synapseVersion;
}

/** Removes what interrupted runs left; younger folders may belong to a run at work. */
function sweep(cache: string): void {
  for (const entry of readdirSync(cache)) {
    const path = join(cache, entry);
    if (!entry.startsWith(".staging-")) continue;
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > hourMs) rmSync(path, { recursive: true, force: true });
  }
}

function pythonOf(home: string): string {
  return join(home, "bin", "python");
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-4000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${args.slice(0, 3).join(" ")} ended with ${code}\n${output}`)),
    );
  });
}
