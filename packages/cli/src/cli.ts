import { createIo, type Io } from "./io.ts";
import { callOf } from "./self.ts";
import type { Cli, CliOptions } from "./types.ts";

/**
 * The command line: nouns and verbs derived from the operations, and the commands written by hand.
 *
 * @example
 * process.exit(await createCli({ platforms, version, startService }).run(process.argv.slice(2)));
 */
export function createCli(options: CliOptions): Cli {
  return {
    async run(argv) {
      const io: Io = options.io ?? createIo();
      // Asked often by scripts: nothing else is loaded for it.
      if (argv[0] === "--version" || (argv[0] === "version" && argv.length === 1)) {
        io.out(`botyard ${options.version}\n`);
        return 0;
      }
      const { dispatch } = await import("./dispatch.ts");
      const { execPath, argv: started, env, versions } = process;
      const self = options.self ?? callOf({ execPath, argv: started, env, deno: versions["deno"] !== undefined });
      const code = await dispatch(argv, { ...options, self }, io);
      await io.flush();
      return code;
    },
  };
}
