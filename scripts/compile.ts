// bun scripts/compile.ts [--target bun-linux-arm64] [--outfile dist/botyard]
// One file that needs nothing beside it. Without --target: for this machine.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname, "..");
const app = join(root, "apps/botyard");

const { values } = parseArgs({ options: { target: { type: "string" }, outfile: { type: "string" } } });
const { version }: { version: string } = JSON.parse(readFileSync(join(app, "package.json"), "utf8"));
const outfile = values.outfile ?? join(root, "dist", values.target ? `botyard-${values.target}` : "botyard");

mkdirSync(dirname(outfile), { recursive: true });
const build = [
  "build",
  join(app, "src/main.ts"),
  `--outfile=${outfile}`,
  "--compile",
  ...(values.target ? [`--target=${values.target}`] : []),
  // Top-level await and dynamic import keep working under bytecode only as esm.
  "--format=esm",
  "--bytecode",
  "--minify",
  "--sourcemap",
  // Plugins bring their own node_modules; nothing else of the folder it starts in may reach the binary.
  "--compile-autoload-package-json",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-tsconfig",
];
const { status } = spawnSync(process.execPath, build, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
if (status !== 0) process.exit(status ?? 1);
console.log(`${relative(process.cwd(), outfile)} ${version}`);
