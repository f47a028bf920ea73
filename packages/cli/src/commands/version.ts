import { arch, platform } from "node:os";
import type { Command } from "../command.ts";

export const command: Command = {
  summary: "Show version and runtime",
  arguments: [],
  flags: [],
  async run(_args, { globals, io, json, options }) {
    const { bun, deno, node } = process.versions as Readonly<Record<string, string | undefined>>;
    const runtime = bun ? `bun ${bun}` : deno ? `deno ${deno}` : `node ${node ?? "?"}`;
    if (globals.json) json({ version: options.version, runtime, platform: platform(), arch: arch() });
    else io.out(`botyard ${options.version}  ${runtime}  ${platform()} ${arch()}\n`);
    return 0;
  },
};
