import type { Command, CommandEntry, Group } from "./command.ts";

function entry(
  words: readonly string[],
  group: Group,
  summary: string,
  load: () => Promise<{ readonly command: Command }>,
): CommandEntry {
  return { words, group, summary, load: async () => (await load()).command };
}

/** Commands that are no single operation. One file each, loaded when called. */
export const handwritten: readonly CommandEntry[] = [
  entry(
    ["demo"],
    "start",
    "A chat server inside this program; prints four lines to copy; leaves no files",
    () => import("./commands/demo.ts"),
  ),
  entry(
    ["connect"],
    "start",
    "Connect a chat server: asks for what is needed, says what works",
    () => import("./commands/connect.ts"),
  ),
  entry(["serve"], "start", "Run the service", () => import("./commands/serve.ts")),
  entry(
    ["status"],
    "look",
    "The service, its connections and consumers at a glance",
    () => import("./commands/status.ts"),
  ),
  entry(["doctor"], "look", "Find out why a bot is silent", () => import("./commands/doctor.ts")),
  entry(["whoami"], "access", "Show the key in use and what it may do", () => import("./commands/whoami.ts")),
  entry(
    ["events", "tail"],
    "messages and events",
    "Show the latest events; -f follows",
    () => import("./commands/tail.ts"),
  ),
  entry(
    ["credentials", "login"],
    "bots and rooms",
    "Get a credential by logging in: a dialogue, or a link a person opens",
    () => import("./commands/credentials-login.ts"),
  ),
  entry(
    ["backup"],
    "keeping",
    "Copy the whole database into one file, while the service runs",
    () => import("./commands/backup.ts"),
  ),
  entry(["restore"], "keeping", "Put a backup in the place of the database", () => import("./commands/restore.ts")),
  entry(
    ["secrets", "rekey"],
    "keeping",
    "Make a new seal key and seal every secret with it",
    () => import("./commands/rekey.ts"),
  ),
  entry(
    ["service", "print"],
    "keeping",
    "Print what makes this machine run the service: systemd, launchd or windows",
    () => import("./commands/service-print.ts"),
  ),
  entry(
    ["plugins", "add"],
    "platforms",
    "Install a plugin from npm, a folder or a tarball, and load it",
    () => import("./commands/plugins-add.ts"),
  ),
  entry(
    ["plugins", "update"],
    "platforms",
    "Install the newest version from where a plugin came",
    () => import("./commands/plugins-update.ts"),
  ),
  entry(
    ["plugins", "check"],
    "platforms",
    "Look at installed plugins, or at one you write",
    () => import("./commands/plugins-check.ts"),
  ),
  entry(
    ["plugins", "new"],
    "platforms",
    "Begin a plugin: a folder with a simulator and a passing suite",
    () => import("./commands/plugins-new.ts"),
  ),
  entry(
    ["plugins", "pack"],
    "platforms",
    "Make the file that others install",
    () => import("./commands/plugins-pack.ts"),
  ),
  entry(["login"], "access", "Keep a service's address and a key for this user", () => import("./commands/login.ts")),
  entry(["logout"], "access", "Forget the service and key that `login` keeps", () => import("./commands/logout.ts")),
  entry(
    ["completion"],
    "start",
    "Print a shell's completion script: bash, zsh, fish or powershell",
    () => import("./commands/completion.ts"),
  ),
  {
    ...entry(["complete"], "start", "What a shell may offer after these words", () => import("./commands/complete.ts")),
    hidden: true,
  },
  entry(["version"], "look", "Show version and runtime", () => import("./commands/version.ts")),
];
