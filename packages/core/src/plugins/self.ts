import type { SelfSpawn } from "./types.ts";

/** As `process` says it. */
export interface StartedAs {
  readonly execPath: string;
  readonly argv: readonly string[];
  readonly versions: Readonly<Record<string, string | undefined>>;
}

/**
 * How this program starts itself again as a plugin's process. Compiled: the file itself; from source: the runtime with
 * the same main module.
 */
export function selfSpawn({ execPath, argv, versions }: StartedAs = process): SelfSpawn {
  const script = argv[1] ?? "";
  const compiled = script.startsWith("/$bunfs/") || /^[A-Z]:[\\/]~BUN[\\/]/.test(script) || script === execPath;
  if (compiled) return { execPath, args: [] };
  return { execPath, args: versions["deno"] === undefined ? [script] : ["run", "-A", script] };
}
