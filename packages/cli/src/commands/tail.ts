import type { Event } from "@botyard/sdk";
import { usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { formatEvent } from "../output/event.ts";

const defaultLimit = 10;

export const command: Command = {
  summary: "Show the latest events; -f follows",
  description: "With --json one event a line, the same JSON as by pull, stream and webhook. Ctrl-C ends following.",
  arguments: [],
  flags: [
    { name: "follow", short: "f", type: "boolean", summary: "Go on as events come" },
    { name: "connection", short: "c", type: "string", hint: "<id>", summary: "Only of this connection" },
    { name: "bot", type: "string", hint: "<bot>", summary: "Only what this bot saw" },
    { name: "room", type: "string", hint: "<room>", summary: "Only of this room" },
    {
      name: "type",
      type: "string",
      multiple: true,
      hint: "<type>",
      summary: "Only these kinds: message.created, message.*",
    },
    { name: "own", type: "boolean", summary: "Echoes of managed bots too" },
    { name: "from", type: "string", hint: "now|oldest|<time>|<cursor>", summary: "Where to begin" },
    {
      name: "limit",
      short: "n",
      type: "string",
      hint: "<number>",
      summary: `How many of the latest; default ${defaultLimit}`,
    },
  ],
  examples: ["events tail -f", "events tail -f --bot chat/helper --json"],
  async run({ booleans, strings }, session) {
    const { io, globals } = session;
    const one = (name: string): string | undefined => strings.get(name)?.[0];
    const filter = {
      ...optional("connection", one("connection") ?? (io.env["BOTYARD_CONNECTION"] || undefined)),
      ...optional("bot", one("bot")),
      ...optional("room", one("room")),
      ...optional(
        "type",
        strings.get("type")?.flatMap((text) => text.split(",")),
      ),
      ...optional("own", booleans.get("own")),
    };
    const print = (event: Event): void => io.out(`${globals.json ? JSON.stringify(event) : formatEvent(event)}\n`);
    const from = one("from");
    const limit = Number(one("limit") ?? defaultLimit);
    if (!Number.isInteger(limit) || limit < 1) throw usage("--limit expects a whole number from 1 on");
    const client = await session.client();
    const page = await client.events.list({ ...filter, limit, ...optional("from", from) }, { signal: io.signal });
    page.items.forEach(print);
    if (!(booleans.get("follow") ?? false)) {
      if (page.items.length === 0) session.note("none");
      return 0;
    }
    for await (const event of client.events.stream({ ...filter, from: page.cursor }, { signal: io.signal }))
      print(event);
    return 0;
  },
};

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: V };
}
