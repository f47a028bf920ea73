import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { binary } from "./binary.ts";

// docs/plugins.md, done: each command of its console blocks, in order, in one terminal; what it prints must be what the page
// shows. Two things stand in for a published release: the packages come from tarballs of this checkout, and ports are free ones.

interface Shown {
  readonly command: string;
  /** Lines of the page; `…` stands for anything. */
  readonly output: readonly string[];
}

const root = join(import.meta.dirname, "../../../..");
const home = mkdtempSync(join(tmpdir(), "botyard-page-"));
const started: ChildProcess[] = [];
/** How this machine reaches its registry, which is nobody's business here. */
const npm = Object.entries(process.env).filter(
  (entry): entry is [string, string] =>
    entry[1] !== undefined && /^(?:npm_config_\w+|https?_proxy|no_proxy|node_extra_ca_certs)$/i.test(entry[0]),
);
const env: Record<string, string> = {
  npm_config_cache: join(homedir(), ".npm"),
  npm_config_userconfig: join(homedir(), ".npmrc"),
  ...Object.fromEntries(npm),
  HOME: home,
  PATH: [join(home, "bin"), dirname(nodeOf("npm")), dirname(nodeOf("node")), "/usr/bin", "/bin"].join(":"),
  TMPDIR: tmpdir(),
  NO_COLOR: "1",
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_update_notifier: "false",
};
let folder = home;
let tarballs = "";

function nodeOf(program: string): string {
  return spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
}

function stranger(...args: readonly string[]): string {
  const bun = join(root, "node_modules/.bin/bun");
  const { status, stdout, stderr } = spawnSync(bun, [join(root, "scripts/stranger.ts"), ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

function shownBy(page: string): Shown[] {
  const blocks = [...page.matchAll(/^```console\n([\s\S]*?)^```/gm)].map(([, text = ""]) => text);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = "", ...output] = text.trimEnd().split("\n");
        return { command, output };
      }),
  );
}

/** A line `…` alone stands for any number of lines, also none. */
function patternOf(output: readonly string[]): RegExp {
  const lines = output.map((line) =>
    line === "…" ? "(?:.*\\n)*?" : `${line.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*")} *\\n`,
  );
  return new RegExp(`^${lines.join("")}$`);
}

/** One that stays: until it has printed what the page shows of it. */
async function stay(command: string, pattern: RegExp): Promise<string> {
  const child = spawn("sh", ["-c", `exec ${command}`], {
    cwd: folder,
    env,
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  started.push(child);
  let printed = "";
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (pattern.test(printed)) return printed;
  }
  return printed;
}

async function run({ command, output }: Shown): Promise<void> {
  const pattern = patternOf(output);
  const [word, rest = ""] = command.split(/ (.*)/s);
  if (word === "cd") {
    folder = resolve(folder, rest);
    return;
  }
  if (command === "npm install") stranger("use", folder, tarballs);
  if (command === "botyard serve" || command.endsWith(" simulator")) {
    const free = command === "botyard serve" ? " --listen 127.0.0.1:0 --hooks-listen 127.0.0.1:0" : "";
    const printed = await stay(`${command}${free}`, pattern);
    expect(printed).toMatch(pattern);
    for (const [, name = "", value = ""] of printed.matchAll(/^export (\w+)=(.*)$/gm)) env[name] = value;
    return;
  }
  const ended = await new Promise<{ code: number | null; stdout: string; stderr: string }>((done, failed) => {
    const child = spawn("sh", ["-c", command], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", failed);
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
  expect({ command, code: ended.code, stderr: ended.code === 0 ? "" : `${ended.stdout}${ended.stderr}` }).toEqual({
    command,
    code: 0,
    stderr: "",
  });
  expect(ended.stdout, command).toMatch(pattern);
  if (command === "npm install") stranger("bun", folder);
}

beforeAll(() => {
  mkdirSync(join(home, "bin"));
  symlinkSync(binary, join(home, "bin/botyard"));
  tarballs = stranger("sdk", join(home, "sdk"));
}, 120_000);
afterAll(() => {
  for (const { pid } of started) if (pid !== undefined) process.kill(-pid, "SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

test("the page takes a reader from nothing to an installed platform", { timeout: 300_000 }, async (context) => {
  if (nodeOf("npm") === "") context.skip("needs npm, with which a plugin is written");
  const shown = shownBy(readFileSync(join(root, "docs/plugins.md"), "utf8"));
  expect(shown.map(({ command }) => command.split(" ").slice(0, 3).join(" "))).toEqual(
    expect.arrayContaining(["botyard plugins new", "npm test", "botyard plugins pack", "botyard plugins remove"]),
  );
  for (const one of shown) await run(one);
});
