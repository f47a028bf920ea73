import { RootCommand } from "@bomb.sh/tab";
import { usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { captured } from "../complete.ts";
import { bashCompletion } from "../completion-bash.ts";

const shells = {
  bash: 'eval "$(botyard completion bash)"   in ~/.bashrc',
  zsh: 'botyard completion zsh > "${fpath[1]}/_botyard"',
  fish: "botyard completion fish > ~/.config/fish/completions/botyard.fish",
  powershell: "botyard completion powershell | Out-String | Invoke-Expression   in $PROFILE",
} as const;

export const command: Command = {
  summary: "Print a shell's completion script: bash, zsh, fish or powershell",
  arguments: [{ name: "shell", required: true, summary: Object.keys(shells).join(", ") }],
  flags: [],
  examples: Object.keys(shells).map((shell) => `completion ${shell}`),
  async run({ positionals }, session) {
    const { io, options } = session;
    const [shell] = positionals;
    if (shell === undefined || !Object.hasOwn(shells, shell))
      throw usage(`completion expects one of ${Object.keys(shells).join(", ")}`, `${options.self} completion bash`);
    // The library's script for bash needs another package, and runs what stands in the line.
    io.out(
      shell === "bash"
        ? bashCompletion(options.self)
        : captured(() => new RootCommand().setup("botyard", options.self, shell)),
    );
    if (io.outIsTerminal) session.note(`use it:  ${shells[shell as keyof typeof shells]}`);
    return 0;
  },
};
