import type { Command } from "../command.ts";
import { presenters } from "../presenters.ts";

export const command: Command = {
  summary: "Show the key in use and what it may do",
  arguments: [],
  flags: [],
  async run(_args, session) {
    const key = await (await session.client()).keys.whoami();
    if (session.globals.json) session.json(key);
    else await presenters["keys.whoami"]?.(key as never, session);
    return 0;
  },
};
