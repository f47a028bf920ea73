import type { Event } from "@botyard/sdk";
import { usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { forwarding } from "../forward.ts";
import { formatEvent } from "../output/event.ts";

const defaultLimit = 10;
const latest = 100;

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
      name: "forward-to",
      type: "string",
      hint: "<url>",
      summary: "Post each to this address, signed as webhooks are; for development",
    },
    {
      name: "secret",
      type: "string",
      hint: "env:NAME|file:PATH|-",
      summary: "Signs what is forwarded: whsec_…; default: a new one, shown",
    },
    {
      name: "limit",
      short: "n",
      type: "string",
      hint: "<number>",
      summary: `How many of the latest; default ${defaultLimit}`,
    },
  ],
  examples: [
    "events tail -f --forward-to http://localhost:3000/hook",
    "events tail -f",
    "events tail -f --bot chat/helper --json",
  ],
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
    const forward = await forwarding(one("forward-to"), one("secret"), session);
    const print = async (event: Event): Promise<void> => {
      io.out(`${globals.json ? JSON.stringify(event) : formatEvent(event)}\n`);
      await forward?.(event);
    };
    const from = one("from");
    const limit = Number(one("limit") ?? defaultLimit);
    if (!Number.isInteger(limit) || limit < 1 || limit > 500)
      throw usage("--limit expects a whole number from 1 to 500");
    const client = await session.client();
    // Without a beginning the service answers the last hundred, oldest first: the latest are at the end.
    const asked = from === undefined ? { limit: Math.max(limit, latest) } : { limit, from };
    const page = await client.events.list({ ...filter, ...asked }, { signal: io.signal });
    for (const event of from === undefined ? page.items.slice(-limit) : page.items) await print(event);
    if (!(booleans.get("follow") ?? false)) {
      if (page.items.length === 0) session.note("none");
      return 0;
    }
    for await (const event of client.events.stream({ ...filter, from: page.cursor }, { signal: io.signal }))
      await print(event);
    return 0;
  },
};

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: V };
}
