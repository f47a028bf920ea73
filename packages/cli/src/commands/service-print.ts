import { usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { programOf } from "../self.ts";
import { launchd, systemd, windows } from "../service/units.ts";

const kinds = { systemd, launchd, windows } as const;

export const command: Command = {
  summary: "Print what makes this machine run the service: systemd, launchd or windows",
  description: "Prints a file and changes nothing; what to do with it is said on standard error.",
  arguments: [{ name: "system", required: true, summary: Object.keys(kinds).join(", ") }],
  flags: [],
  examples: ["service print systemd > botyard.service"],
  async run({ positionals }, session) {
    const { io, globals, options, config } = session;
    const kind = positionals[0] as keyof typeof kinds | undefined;
    if (kind === undefined || !Object.hasOwn(kinds, kind))
      throw usage(
        `service print expects one of ${Object.keys(kinds).join(", ")}`,
        `${options.self} service print systemd`,
      );
    const program = programOf({
      execPath: process.execPath,
      argv: process.argv,
      env: io.env,
      deno: process.versions["deno"] !== undefined,
    });
    const unit = kinds[kind]({ program, data: config.dataDirectory });
    if (globals.json) session.json(unit);
    else {
      io.out(unit.text);
      for (const line of unit.todo) session.note(line);
    }
    return 0;
  },
};
