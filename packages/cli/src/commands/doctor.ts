import type { Command } from "../command.ts";
import { diagnose } from "../doctor/diagnose.ts";
import { formatDiagnosis } from "../doctor/format.ts";

export const command: Command = {
  summary: "Find out why a bot is silent",
  description:
    "Walks service → connection → bot → credential → room → log → consumer → send, stops at nothing, names the first cause. Exit 1 when something failed.",
  arguments: [{ name: "connection[/bot]", required: false, summary: "What to look at; default: every connection" }],
  flags: [
    { name: "connection", short: "c", type: "string", hint: "<id>", summary: "Connection of the bot or room" },
    { name: "room", type: "string", hint: "<room>", summary: "The room it is silent in" },
  ],
  examples: ["doctor", "doctor chat/tickets --room chat/eng:ops"],
  async run(args, session) {
    const found = await diagnose(
      {
        target: args.positionals[0] ?? null,
        connection: args.strings.get("connection")?.[0] ?? (session.io.env["BOTYARD_CONNECTION"] || null),
        room: args.strings.get("room")?.[0] ?? null,
      },
      await session.client(),
      (await session.backend()).url,
      Date.now(),
    );
    if (session.globals.json) session.json(found);
    else session.io.out(formatDiagnosis(found, session.style, session.options.self));
    return found.lines.some((line) => line.state === "FAIL") ? 1 : 0;
  },
};
