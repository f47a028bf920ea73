import { chmod, open, rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { checkBackup } from "@botyard/core";
import { BotyardError, type Bytes } from "@botyard/sdk";
import { formatBytes } from "../args/units.ts";
import type { Command } from "../command.ts";

export const command: Command = {
  summary: "Copy the whole database into one file, while the service runs",
  description:
    "A consistent copy, opened afterwards to see that it is whole. The seal key is not in it: keep a copy of that file elsewhere. `service.backup` in the API.",
  arguments: [{ name: "file", required: false, summary: "Where to; default botyard-<time>.db in this folder" }],
  flags: [],
  examples: ["backup", "backup /mnt/backups/botyard.db --yes"],
  async run({ positionals }, session) {
    const { io, globals, options } = session;
    const { transport, url } = await session.backend();
    const bytes = (await transport.call("service.backup", {}, { signal: io.signal })) as Bytes;
    const file = resolve(positionals[0] ?? bytes.name ?? "botyard.db");
    const unfinished = `${file}.unfinished`;
    try {
      if (await stat(file).catch(() => null))
        await session.confirm(
          `${file} is there already. Replace it?`,
          `${options.self} backup ${positionals[0] ?? file}`,
        );
      const handle = await open(unfinished, "w", 0o600).catch((cause: unknown) => {
        throw new BotyardError("invalid", `the file ${file} cannot be written`, { cause });
      });
      await pipeline(Readable.fromWeb(bytes.body as never), handle.createWriteStream());
      await chmod(unfinished, 0o600);
      const { seq, schema } = checkBackup(unfinished);
      await rename(unfinished, file);
      const { size } = await stat(file);
      if (globals.json) session.json({ file, bytes: size, seq, schema });
      else io.out(`saved  ${file}  ${formatBytes(size)} · log #${seq} · whole, as opened and checked\n`);
    } catch (error) {
      await bytes.body.cancel().catch(() => undefined);
      await rm(unfinished, { force: true });
      throw error;
    }
    const where = url === null ? session.config.dataDirectory : "the service's data directory";
    session.note(`the seal key is not in it: keep a copy of seal.key from ${where}, or its secrets stay shut`);
    return 0;
  },
};
