import { BotyardError, type Event, isBotyardError } from "@botyard/sdk";
import { type Client, createClient } from "@botyard/client";
import type { Command } from "../command.ts";
import { openLocal } from "../local.ts";
import { formatEvent } from "../output/event.ts";
import { localTransport } from "../service/local-transport.ts";
import type { Session } from "../session.ts";
import type { StartedService } from "../types.ts";
import { stopped } from "./serve.ts";

const firstPort = 8470;
const triedPorts = 20;

/** The first free port from the usual one on; the last one tried is whichever the system gives. */
async function listenSomewhere(start: (port: number) => Promise<StartedService>): Promise<StartedService> {
  for (let port = firstPort; port < firstPort + triedPorts; port++) {
    try {
      return await start(port);
    } catch (error) {
      if (!isBotyardError(error) || error.code !== "conflict") throw error;
    }
  }
  return start(0);
}

/** A chat server with a room, a bot in it and a person who can talk. */
async function furnish(client: Client): Promise<void> {
  await client.connections.create({ id: "chat", platform: "sandbox" });
  await client.bots.create({ connection: "chat", handle: "helper", displayName: "Helper" });
  await client.rooms.addBot({ connection: "chat", room: "lobby", bot: "helper" });
}

function script(self: string, url: string, key: string): readonly string[] {
  return [
    // The program's own call may be long: named once, the other lines are what a person types later. On the PATH it has
    // its name already, and a function of that name would call itself for ever.
    `export BOTYARD_URL=${url} BOTYARD_KEY=${key}${self === "botyard" ? "" : `; botyard() { ${self} "$@"; }`}`,
    `botyard sandbox say lobby "@helper are you there?"`,
    `botyard events list --bot chat/helper`,
    `botyard messages send lobby "yes, I am" --as helper`,
  ];
}

async function show(client: Client, { io, globals }: Session): Promise<void> {
  const print = (event: Event): void => io.out(`${globals.json ? JSON.stringify(event) : formatEvent(event)}\n`);
  for await (const event of client.events.stream(
    { connection: "chat", own: true, from: "now" },
    { signal: io.signal },
  )) {
    if (event.type.startsWith("message.") || event.type.startsWith("reaction.")) print(event);
  }
}

async function run(session: Session): Promise<number> {
  const { io, options, catalog, globals } = session;
  if (!Object.hasOwn(options.platforms, "sandbox")) throw new BotyardError("unsupported", "this binary has no sandbox");
  let service: StartedService | undefined;
  const { runtime, adminKey, logger } = await openLocal({
    version: options.version,
    catalog,
    io,
    dataDirectory: null,
    create: false,
    receive: true,
    hooksUrl: () => service?.hooksUrl ?? null,
  });
  const { signal } = io;
  try {
    const key = await adminKey();
    service = await listenSomewhere((port) =>
      options.startService(runtime, { listen: { host: "127.0.0.1", port }, hooks: null, plain: false, log: logger }),
    );
    await runtime.start();
    const client = createClient(localTransport(runtime));
    await furnish(client);
    const lines = script(options.self, service.url, key);
    if (globals.json) io.out(`${JSON.stringify({ url: service.url, key })}\n`);
    else {
      io.out(`botyard ${options.version} demo · ${service.url} · reference at ${service.url}/docs\n`);
      if (!service.url.endsWith(`:${firstPort}`)) io.out(`port ${firstPort} is taken, so another one is used\n`);
      io.out(
        "A chat server with a room (lobby) and a bot in it (helper). Nothing is written to disk; Ctrl-C ends it.\n",
      );
      io.out("\nPaste into a second terminal:\n\n");
      io.out(lines.map((line) => `  ${line}\n`).join(""));
      io.out("\nWhat happens in the room:\n");
    }
    await Promise.race([show(client, session), stopped(signal)]);
    return 0;
  } finally {
    await service?.close();
    await runtime.close({ drainMs: 500 });
  }
}

export const command: Command = {
  summary: "A chat server inside this program; prints four lines to copy; leaves no files",
  description:
    "The service with everything in memory: a sandbox connection `chat`, a room `lobby`, a bot `helper` in it.",
  arguments: [],
  flags: [],
  run: (_args, session) => run(session),
};
