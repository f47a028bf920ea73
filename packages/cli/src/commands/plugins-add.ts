import { resolve } from "node:path";
import { usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { installFlags, installPlugin } from "../plugin-install.ts";
import type { Session } from "../session.ts";

/** Paths are the reader's own; the service knows another working directory. */
export function absoluteSource(source: string): string {
  const path =
    /^\.{1,2}(?:[\\/]|$)/.test(source) || (/\.(?:tgz|tar\.gz)$/i.test(source) && !/^(?:~|file:|npm:)/.test(source));
  return path ? resolve(source) : source;
}

async function restore(session: Session): Promise<number> {
  const { io, globals } = session;
  const done = await (await session.client()).plugins.restore({}, { signal: io.signal });
  if (globals.json) session.json(done);
  else {
    for (const { id, version } of done.restored) io.out(`restored  ${id} ${version}\n`);
    if (done.restored.length === 0) session.note("nothing is missing: all that plugins.lock.json names is there");
  }
  return 0;
}

export const command: Command = {
  summary: "Install a plugin from npm, a folder or a tarball, and load it",
  description:
    "Shows what it asks for and asks before anything changes. No script of a package is run. With --frozen and no source: fetches what plugins.lock.json names and is not there, exactly that. A service that runs loads it without a restart.",
  arguments: [
    { name: "source", required: false, summary: "zulip-botyard, @chat/zulip@^1, ./zulip, ./zulip-0.1.0.tgz" },
  ],
  flags: [
    ...installFlags,
    {
      name: "trusted",
      type: "boolean",
      summary: "Run it in Botyard's own process: it then reaches all that Botyard reaches",
    },
  ],
  examples: ["plugins add ./zulip-0.1.0.tgz", "plugins add @chat/zulip@^1", "plugins add --frozen"],
  async run(args, session) {
    const { options, io } = session;
    const [source, extra] = args.positionals;
    if (extra !== undefined) throw usage(`"${extra}" is one argument too many`);
    if (source === undefined && args.booleans.get("frozen")) return restore(session);
    if (source === undefined)
      throw usage("add what?", `${options.self} plugins add <npm name | ./folder | ./file.tgz>`);
    const trusted = args.booleans.get("trusted");
    // The first thing somebody does may be this.
    const client = await session.client({ create: true });
    return installPlugin(
      (more) =>
        client.plugins.add(
          { source: absoluteSource(source), ...(trusted === undefined ? {} : { trusted }), ...more },
          { signal: io.signal },
        ),
      args,
      `${options.self} plugins add ${source}`,
      session,
    );
  },
};
