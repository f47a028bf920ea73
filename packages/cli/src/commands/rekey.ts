import { rekey } from "@botyard/core";
import type { Command } from "../command.ts";

export const command: Command = {
  summary: "Make a new seal key and seal every secret with it",
  description:
    "Works on the data directory; the service must not run. All or nothing, also when it is cut off. The old key is kept beside the new one, because backups of before need it.",
  arguments: [],
  flags: [],
  async run(_args, session) {
    const { io, globals, config } = session;
    const done = rekey({ directory: config.dataDirectory, env: io.env });
    if (globals.json) {
      session.json(done);
      return 0;
    }
    io.out(`rekeyed  ${done.secrets} secrets, ${done.others} intakes and answers\n`);
    io.out(`kept     ${done.oldKey}   only backups of before need it: delete it with them\n`);
    for (const name of done.unreadable) io.out(`!        ${name} opened with no key and was left as it is\n`);
    return 0;
  },
};
