import { rm } from "node:fs/promises";
import type { Command } from "../command.ts";
import { loginFileOf, readLogin } from "../service/login-file.ts";

export const command: Command = {
  summary: "Forget the service and key that `login` keeps",
  description: "The key itself stays good: botyard keys revoke ends it.",
  arguments: [],
  flags: [],
  async run(_args, session) {
    const file = loginFileOf(session.io.env);
    const before = await readLogin(file);
    await rm(file, { force: true });
    if (session.globals.json) session.json({ url: before?.url ?? null });
    else session.io.out(before ? `signed out  ${before.url}\n` : "nobody was signed in\n");
    return 0;
  },
};
