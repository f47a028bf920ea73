import type { Capability, Check } from "@botyard/sdk";

/** Settings of a server that take operations away, by their names in the client's configuration. */
const switches = {
  EnableCommands: { what: "slash commands", operations: ["mattermost.create-command"] },
  EnableIncomingWebhooks: {
    what: "incoming webhooks",
    operations: ["mattermost.create-incoming-webhook", "mattermost.post-incoming-webhook"],
  },
  EnableOutgoingWebhooks: { what: "outgoing webhooks", operations: ["mattermost.create-outgoing-webhook"] },
} as const;

type Config = Readonly<Record<string, string>>;

const lineOf = (name: string): string => `mmctl config set ServiceSettings.${name} true`;

const offIn = (config: Config) => Object.entries(switches).filter(([name]) => config[name] === "false");

/** What the server does not offer because it was switched off. */
export function narrowedBy(config: Config): Record<string, Capability> {
  return Object.fromEntries(
    offIn(config).flatMap(([name, { what, operations }]) =>
      operations.map((operation): [string, Capability] => [
        operation,
        {
          support: "none",
          reason: "server-setting",
          detail: `${what[0]?.toUpperCase() ?? ""}${what.slice(1)} are switched off on this server.`,
          remedy: lineOf(name),
        },
      ]),
    ),
  );
}

export function switchChecks(config: Config): Check[] {
  return offIn(config).map(([name, { what }]) => ({
    name: what,
    state: "info",
    detail: `${what} are switched off on this server`,
    fix: lineOf(name),
  }));
}
