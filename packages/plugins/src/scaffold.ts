import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { BotyardError } from "@botyard/sdk";
import { template, versions } from "./template.gen.ts";

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const at = (name: keyof typeof versions): Record<string, string> => ({ [name]: versions[name] });

function packageJson(id: string, title: string): string {
  return json({
    name: `botyard-${id}`,
    version: "0.1.0",
    description: `Botyard platform for ${title}.`,
    license: "Apache-2.0",
    type: "module",
    exports: { ".": "./src/index.ts" },
    // On Bun, which the suite's store needs: Node has it from 22.13 on only.
    scripts: { test: "bun --bun vitest run", types: "tsc", simulator: "bun src/simulator/serve.ts" },
    // What it reaches beside the connection's own address, and whether chat servers send to it: shown before it is installed.
    botyard: { source: "src/index.ts", origins: [], hooks: false },
    dependencies: { ...at("@botyard/sdk"), ...at("valibot") },
    devDependencies: {
      ...at("@botyard/testing"),
      ...at("@types/node"),
      ...at("bun"),
      ...at("typescript"),
      ...at("vitest"),
    },
    // Its one install script puts the program in its place; npm asks about scripts that nobody allowed.
    allowScripts: { bun: true },
  });
}

const tsconfig = {
  compilerOptions: {
    target: "ESNext",
    module: "Preserve",
    moduleResolution: "Bundler",
    moduleDetection: "force",
    lib: ["ESNext", "DOM", "DOM.Iterable"],
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ["src", "test"],
};

const runs = `\`\`\`sh
npm install
npm test                       # the contract suite, against the simulator
npm run types                  # the compiler says which handler is missing
npm run simulator              # the simulator as a server, to connect a Botyard to
botyard plugins pack           # one file, its manifest written from the code
botyard plugins add ./botyard-pigeon-0.1.0.tgz
\`\`\``;

/** The files of a new plugin by path: `rocket-chat` is called `Rocket chat`. */
export function newPlugin(id: string): Readonly<Record<string, string>> {
  const title = `${id.charAt(0).toUpperCase()}${id.slice(1).replaceAll("-", " ")}`;
  const named = (text: string): string => text.replaceAll("pigeon", id).replaceAll("Pigeon", title);
  const files = Object.fromEntries(Object.entries(template).map(([path, text]) => [named(path), named(text)]));
  const readme = (template["README.md"] ?? "").replace(/```sh\n[\s\S]*?```/, runs);
  return {
    ...files,
    "README.md": named(readme),
    "package.json": packageJson(id, title),
    "tsconfig.json": json(tsconfig),
    "vitest.config.ts":
      'import { defineConfig } from "vitest/config";\n\nexport default defineConfig({ test: { include: ["test/**/*.test.ts"] } });\n',
    ".gitignore": "node_modules/\n*.tgz\n",
  };
}

/** Writes them, all or none. Throws `conflict` where something is there already. */
export async function scaffoldPlugin(id: string, folder: string): Promise<readonly string[]> {
  const target = resolve(folder);
  const files = newPlugin(id);
  // Not `mkdtemp`: what that makes its owner alone can read, and a service may run as somebody else.
  const temporary = join(dirname(target), `.botyard-new-${randomUUID()}`);
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(temporary, path)), { recursive: true });
      await writeFile(join(temporary, path), text, { flag: "wx" });
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const { code = "?" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || code === "ENOTEMPTY" || code === "ENOTDIR")
      throw new BotyardError("conflict", `${target} is there already; nothing was written`, { cause: error });
    throw new BotyardError("internal", `${target} cannot be written (${code})`, { cause: error });
  }
  return Object.keys(files).sort();
}
