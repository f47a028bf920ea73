import { realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";

export interface Started {
  readonly execPath: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether this is Deno, which has to be told `run`. */
  readonly deno: boolean;
}

/** A word for a POSIX shell, quoted only where it must be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function onPath(execPath: string, path: string): boolean {
  const name = basename(execPath);
  for (const folder of path.split(delimiter)) {
    try {
      // The first one found is the one a shell would start.
      return folder !== "" && realpathSync(join(folder, name)) === realpathSync(execPath);
    } catch {
      continue;
    }
  }
  return false;
}

/** Program and first arguments, absolute: for files that start it without a shell. */
export function programOf({ execPath, argv, deno }: Started): readonly string[] {
  const script = argv[1] ?? "";
  return isCompiled(script, execPath) ? [execPath] : [execPath, ...(deno ? ["run", "-A"] : []), script];
}

const isCompiled = (script: string, execPath: string): boolean =>
  script.startsWith("/$bunfs/") || /^[A-Z]:[\\/]~BUN[\\/]/.test(script) || script === execPath;

/**
 * How this program can be called again from any folder: `botyard`, `'/opt/my tools/botyard'`, or
 * `/…/bun /…/apps/botyard/src/main.ts` when it runs from source.
 */
export function callOf({ execPath, argv, env, deno }: Started): string {
  const script = argv[1] ?? "";
  if (isCompiled(script, execPath))
    return onPath(execPath, env["PATH"] ?? "") ? basename(execPath) : shellWord(execPath);
  return [execPath, ...(deno ? ["run", "-A"] : []), script].map(shellWord).join(" ");
}
