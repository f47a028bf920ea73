import { relative, resolve } from "node:path";
import { type Flag, usage } from "../args/parse.ts";
import { formatBytes } from "../args/units.ts";
import type { Command } from "../command.ts";
import { shortIntegrity } from "../output/plugin.ts";
import { pluginWorks } from "./plugins-check.ts";

const flags: readonly Flag[] = [
  { name: "out", type: "string", hint: "<folder>", summary: "Where the file goes; default: this folder" },
];

export const command: Command = {
  summary: "Make the file that others install: one bundled module and a manifest written from the code",
  description:
    "Bundles what the module imports, runs it once to see what it declares, and writes <name>-<version>.tgz. The same file can be published: npm publish <file>. Needs no npm; the packages the plugin imports must be there.",
  arguments: [{ name: "folder", required: false, summary: "Of the plugin; default: this one" }],
  flags,
  examples: ["plugins pack", "plugins pack ./zulip --out ./dist"],
  async run({ positionals, strings }, session) {
    const { io, globals } = session;
    const [folder = ".", extra] = positionals;
    if (extra !== undefined) throw usage(`"${extra}" is one argument too many`);
    const out = resolve(strings.get("out")?.[0] ?? ".");
    const packed = await (await pluginWorks(session)).pack(resolve(folder), out);
    const { file, version, manifest, integrity, bytes } = packed;
    if (globals.json) session.json({ file, id: manifest.id, version, contract: manifest.contract, integrity, bytes });
    else {
      const parts = [
        `packed  ${relative(process.cwd(), file) || file}  ${formatBytes(bytes)}`,
        `contract ${manifest.contract}`,
        "manifest written from the code",
        shortIntegrity(integrity),
      ];
      io.out(`${parts.join(" · ")}\n`);
      session.note(`next  ${session.options.self} plugins add ${file}   or  npm publish ${file}`);
    }
    return 0;
  },
};
