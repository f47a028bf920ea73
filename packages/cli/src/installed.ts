import { homedir } from "node:os";
import { loadConfig, platformOf } from "@botyard/core";
import { httpTransport } from "@botyard/client";
import {
  type AnyPlatform,
  isBotyardError,
  type Operations,
  type OutputOf,
  type PlatformDescription,
} from "@botyard/sdk";
import type { Io } from "./io.ts";
import { reservedWords } from "./plugin-works.ts";
import { findService } from "./service/find.ts";
import { readServiceFile } from "./service/service-file.ts";
import type { FullOptions } from "./types.ts";

/** Value of a flag that every command takes, before the command is known: `--data x`, `--data=x`. */
function flagOf(argv: readonly string[], name: string): string | undefined {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  const at = words.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  const word = words[at];
  if (word === undefined) return undefined;
  return word.includes("=") ? word.slice(word.indexOf("=") + 1) : words[at + 1];
}

function toPlatforms(descriptions: Iterable<PlatformDescription>): readonly AnyPlatform[] {
  const found: AnyPlatform[] = [];
  for (const description of descriptions)
    try {
      found.push(platformOf(description));
    } catch (error) {
      // The service says what is wrong with it; here it has no commands.
      if (!isBotyardError(error)) throw error;
    }
  return found;
}

/**
 * Platforms of the installed plugins: from the data directory, else from the service commands go to. Their code is not
 * loaded: what they are stands in their manifests. Never throws for a plugin that is broken, or a service that is not there.
 */
export async function installedPlatforms(
  argv: readonly string[],
  options: FullOptions,
  builtIn: readonly AnyPlatform[],
  io: Io,
): Promise<readonly AnyPlatform[]> {
  if (!options.plugins) return [];
  const [data, url] = [flagOf(argv, "data"), flagOf(argv, "url")];
  const config = loadConfig(
    { config: flagOf(argv, "config"), data },
    { env: io.env, platform: process.platform, home: io.env["HOME"] ?? homedir() },
  );
  const directory = config.dataDirectory;
  const elsewhere = url ?? (io.env["BOTYARD_URL"] || undefined);
  const own = await readServiceFile(directory);
  if (elsewhere === undefined || own?.url === elsewhere.replace(/\/+$/, "")) {
    const works = await options.plugins();
    try {
      const installer = works.installer({ directory, reserved: reservedWords(builtIn), env: io.env });
      const { plugins } = await installer.installed();
      if (plugins.length > 0 || own !== null) return toPlatforms(plugins.map(({ manifest }) => manifest.description));
    } catch (error) {
      // Another user's data directory: the service tells.
      if (!isBotyardError(error)) throw error;
    }
  }
  return ofService(
    { directory, usual: data === undefined && !io.env["BOTYARD_DATA"] && config.file === null, url },
    options,
    io,
  );
}

async function ofService(
  where: { readonly directory: string; readonly usual: boolean; readonly url: string | undefined },
  { self }: FullOptions,
  io: Io,
): Promise<readonly AnyPlatform[]> {
  try {
    const service = await findService({
      io,
      globals: { url: where.url ?? null },
      dataDir: where.directory,
      usualDataDir: where.usual,
      self,
    });
    if (!service) return [];
    const { items } = (await httpTransport({ ...service, operations: {} }).call(
      "plugins.list",
      { described: true },
      { signal: AbortSignal.timeout(3000) },
    )) as OutputOf<Operations["plugins.list"]>;
    return toPlatforms(
      items.flatMap(({ description }) => (description ? [description as unknown as PlatformDescription] : [])),
    );
  } catch {
    // No service, no right to ask it, or one of before there were plugins: what matters is said by the command itself.
    return [];
  }
}
