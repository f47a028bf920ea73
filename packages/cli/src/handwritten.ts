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
  entry(["version"], "look", "Show version and runtime", () => import("./commands/version.ts")),
];
