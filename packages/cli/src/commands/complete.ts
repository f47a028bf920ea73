import type { Command } from "../command.ts";
import { completions } from "../complete.ts";
import { everyEntry } from "../entries.ts";

export const command: Command = {
  summary: "What a shell may offer after these words; called by the completion scripts",
  arguments: [{ name: "words", required: false, summary: "After --: the words typed so far" }],
  flags: [],
  async run({ positionals }, { io, catalog }) {
    const entries = (await everyEntry(catalog)).filter((entry) => !entry.hidden);
    io.out(await completions(entries, positionals, async (entry) => (await entry.load()).flags));
    return 0;
  },
};
