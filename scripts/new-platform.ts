// bun scripts/new-platform.ts <id>
// plugins/<id>: a copy of examples/platform under its own name, which passes the contract suite from the first minute.
// Outside the folder one line of apps/botyard/src/platforms.gen.ts changes, and the lock file.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { operations } from "../packages/sdk/src/index.ts";

const root = join(import.meta.dirname, "..");
const template = join(root, "examples/platform");
const leftOut = /(?:^|[\\/])(?:node_modules|\.results|\.turbo)(?:[\\/]|$)/;

/** Why an id cannot be taken; null where it can. */
export function refusal(id: string, taken: (folder: string) => boolean): string | null {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(id)) return "an id is a lower-case letter, then up to 31 of a-z 0-9 -";
  if (nouns().has(id)) return `"${id}" is a noun of the table of operations already`;
  if (taken(join(root, "plugins", id))) return `plugins/${id} exists already`;
  return null;
}

/** Copies the template to `folder`; every `pigeon` becomes the id, every `Pigeon` the title: `rocket-chat`, `Rocket chat`. */
export function scaffold(id: string, folder: string): string[] {
  const title = `${id.charAt(0).toUpperCase()}${id.slice(1).replaceAll("-", " ")}`;
  cpSync(template, folder, { recursive: true, filter: (from) => !leftOut.test(relative(template, from)) });
  const files = globSync("**/*.*", { cwd: folder }).toSorted();
  for (const file of files) {
    const text = readFileSync(join(folder, file), "utf8");
    const private_ = /^ {2}"private": true,\n/m;
    const named = text.replaceAll("pigeon", id).replaceAll("Pigeon", title);
    writeFileSync(join(folder, file), file === "package.json" ? named.replace(private_, "") : named);
  }
  return files;
}

function nouns(): Set<string> {
  return new Set(Object.keys(operations).map((name) => name.split(".")[0] ?? ""));
}

if (import.meta.main) {
  const [id = "", ...rest] = process.argv.slice(2);
  const reason = rest.length > 0 ? "one id at a time" : refusal(id, existsSync);
  if (reason !== null) {
    console.error(`error: ${reason}\nusage: bun scripts/new-platform.ts <id>`);
    process.exit(2);
  }
  const folder = join(root, "plugins", id);
  scaffold(id, folder);
  bun("install");
  bun("run", "--bun", "oxfmt", `plugins/${id}`);
  bun("scripts/generate.ts");
  console.log(`plugins/${id} is there, and one more line in apps/botyard/src/platforms.gen.ts. Next:`);
  console.log(`  bun run --cwd plugins/${id} test     passes now, against its own simulator`);
  console.log(`  plugins/${id}/README.md              the files, in the order to change them`);
}

function bun(...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  console.error(`${stdout}${stderr}`.trimEnd());
  process.exit(1);
}
