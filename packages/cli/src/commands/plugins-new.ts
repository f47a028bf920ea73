import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { BotyardError, reservedNouns } from "@botyard/sdk";
import { usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { reservedWords } from "../plugin-works.ts";
import type { Session } from "../session.ts";
import { pluginWorks } from "./plugins-check.ts";

async function refusal(id: string, { catalog }: Session): Promise<string | null> {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(id)) return "an id is a lower-case letter, then up to 31 of a-z 0-9 -";
  if (reservedNouns().has(id)) return `"${id}" is a noun of Botyard already`;
  const what = reservedWords(await catalog.builtIn()).get(id);
  return what === undefined ? null : `"${id}" is ${what} already`;
}

export const command: Command = {
  summary: "Begin a plugin: a folder with a simulator and a passing suite",
  description: "The folder must not be there yet. Its README names the files in the order to change them.",
  arguments: [
    { name: "id", required: true, summary: "Of the platform: zulip" },
    { name: "folder", required: false, summary: "Default: ./<id>" },
  ],
  flags: [],
  examples: ["plugins new zulip"],
  async run({ positionals }, session) {
    const { io, globals, options } = session;
    const [id, into, extra] = positionals;
    if (id === undefined) throw usage("a plugin for what?", `${options.self} plugins new <id>`);
    if (extra !== undefined) throw usage(`"${extra}" is one argument too many`);
    const reason = await refusal(id, session);
    if (reason !== null) throw usage(reason, `${options.self} plugins new <id>`);
    const folder = resolve(into ?? id);
    if (existsSync(folder))
      throw new BotyardError("conflict", `${folder} is there already; nothing was written`, {
        fix: `${options.self} plugins new ${id} <another folder>`,
      });
    const files = await (await pluginWorks(session)).scaffold(id, folder);
    if (globals.json) session.json({ id, folder, files });
    else {
      io.out(`made  ${folder}  ${files.length} files; README.md names them in the order to change them\n`);
      session.note(`next  cd ${into ?? id} && npm install && npm test`);
    }
    return 0;
  },
};
