import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { databaseFile, restoreBackup } from "@botyard/core";
import { usage } from "../args/parse.ts";
import type { Command } from "../command.ts";

export const command: Command = {
  summary: "Put a backup in the place of the database; the old one is kept beside it",
  description:
    "Works on the data directory; the service must not run. The backup is copied, checked and brought forward first: one that is damaged changes nothing. Programs begin again from a time or `oldest`, because their cursors end.",
  arguments: [{ name: "file", required: true, summary: "As `backup` wrote it" }],
  flags: [],
  examples: ["restore botyard-2026-11-20T081403Z.db"],
  async run({ positionals }, session) {
    const { io, globals, options, config } = session;
    const [given, extra] = positionals;
    if (given === undefined) throw usage("restore what?", `${options.self} restore <file>`);
    if (extra !== undefined) throw usage(`"${extra}" is one argument too many`);
    const directory = config.dataDirectory;
    if (existsSync(databaseFile(directory)))
      await session.confirm(
        `${directory} has a database. Put the backup in its place? The old one is kept beside it.`,
        `${options.self} restore ${given}`,
      );
    const done = await restoreBackup({ file: resolve(given), directory, env: io.env });
    if (globals.json) {
      session.json({ directory, ...done });
      return 0;
    }
    io.out(`restored  ${directory}  log #${done.seq}\n`);
    if (done.kept !== null) io.out(`kept      ${done.kept}\n`);
    if (done.locked !== null)
      io.out(`! secrets  ${done.locked}\n  fix      put back its seal.key before you start the service\n`);
    return 0;
  },
};
