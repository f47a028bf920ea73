import { usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { installFlags, installPlugin } from "../plugin-install.ts";

export const command: Command = {
  summary: "Install the newest version from where a plugin came",
  description:
    "For npm names the newest the range allows; for a path what lies there now. Shows what is new in what it asks for, and asks.",
  arguments: [{ name: "plugin", required: true, summary: "Its id: zulip" }],
  flags: installFlags,
  examples: ["plugins update zulip"],
  async run(args, session) {
    const { options, io } = session;
    const [plugin, extra] = args.positionals;
    if (plugin === undefined) throw usage("update which plugin?", `${options.self} plugins list`);
    if (extra !== undefined) throw usage(`"${extra}" is one argument too many`);
    const client = await session.client();
    return installPlugin(
      (more) => client.plugins.update({ plugin, ...more }, { signal: io.signal }),
      args,
      `${options.self} plugins update ${plugin}`,
      session,
    );
  },
};
