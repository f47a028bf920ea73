import type { Command } from "../command.ts";
import { completions } from "../complete.ts";
import { kindOf, namesOf } from "../complete-names.ts";
import { everyEntry } from "../entries.ts";
import { flagsOf } from "../call.ts";
import { findService, isUsualDataDir } from "../service/find.ts";
import type { Session } from "../session.ts";

/** The service commands would go to, asked for once. Nothing is opened in this process instead. */
function serviceOf(session: Session): () => ReturnType<typeof findService> {
  const { io, globals, options, config } = session;
  return () =>
    findService({
      io,
      globals,
      dataDir: config.dataDirectory,
      usualDataDir: isUsualDataDir(session),
      self: options.self,
    });
}

export const command: Command = {
  summary: "What a shell may offer after these words; called by the completion scripts",
  arguments: [{ name: "words", required: false, summary: "After --: the words typed so far" }],
  flags: [],
  async run({ positionals }, session) {
    const { io, catalog } = session;
    const entries = (await everyEntry(catalog)).filter((entry) => !entry.hidden);
    const world = { catalog, service: serviceOf(session) };
    const usual = io.env["BOTYARD_CONNECTION"] || undefined;
    const offered = await completions(
      entries,
      positionals,
      async (entry) => {
        const command = await entry.load();
        const { own } = await flagsOf(command, positionals, catalog);
        return { ...command, flags: own };
      },
      async (name, typed, connection) => {
        const kind = kindOf(name);
        return kind === null ? [] : namesOf(kind, typed, connection ?? usual, world);
      },
    );
    io.out(offered);
    return 0;
  },
};
