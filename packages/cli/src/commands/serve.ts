import { isIP } from "node:net";
import { type Config, type ListenAddress, loadConfig } from "@botyard/core";
import { BotyardError } from "@botyard/sdk";
import { type Flag, type ParsedArgs, usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { openLocal } from "../local.ts";
import { removeServiceFile, writeServiceFile } from "../service/service-file.ts";
import type { Session } from "../session.ts";
import type { StartedService } from "../types.ts";

const levels = ["debug", "info", "warn", "error", "silent"] as const;

const flags: readonly Flag[] = [
  { name: "listen", type: "string", hint: "127.0.0.1:8470", summary: "Address of the API" },
  { name: "hooks-listen", type: "string", hint: "127.0.0.1:8471", summary: "Address chat servers send to" },
  { name: "public-url", type: "string", hint: "<url>", summary: "The same as chat servers see it, from outside" },
  { name: "plain", type: "boolean", summary: "Listen beyond this machine without TLS: keys then travel readable" },
  { name: "log", type: "string", hint: levels.join("|"), summary: "How much is logged; default info" },
];

/** Resolves when the process is asked to end. */
export function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function isLoopback({ host }: ListenAddress): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

const authority = ({ host, port }: ListenAddress): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

function configOf({ strings, booleans }: ParsedArgs, { globals, io, config }: Session): Config {
  const text = (name: string): string | undefined => strings.get(name)?.[0];
  const full = loadConfig(
    {
      config: globals.config ?? undefined,
      data: config.dataDirectory,
      listen: text("listen"),
      hooksListen: text("hooks-listen"),
      publicUrl: text("public-url"),
    },
    { env: io.env, platform: process.platform, home: io.env["HOME"] ?? "" },
  );
  if (!isLoopback(full.listen) && !booleans.get("plain")) {
    throw new BotyardError(
      "invalid",
      `listening on ${authority(full.listen)} without TLS would let keys be read on the way`,
      {
        fix: "listen on 127.0.0.1 and put a proxy with TLS before it, or say --plain in a network you trust",
      },
    );
  }
  const level = text("log");
  if (level === undefined) return full;
  const known = levels.find((one) => one === level);
  if (!known) throw usage(`--log expects one of ${levels.join(", ")}`);
  return { ...full, log: { ...full.log, level: known } };
}

function announce(
  service: StartedService,
  hooksUrl: string,
  { io, globals, options, note }: Session,
  data: string,
): void {
  if (globals.json) {
    io.out(`${JSON.stringify({ url: service.url, hooksUrl, data })}\n`);
    return;
  }
  io.out(`botyard ${options.version} · ${service.url} · reference at ${service.url}/docs\n`);
  note(`hooks ${hooksUrl} · data ${data} · Ctrl-C ends it`);
}

async function run(args: ParsedArgs, session: Session): Promise<number> {
  const { io, options, catalog } = session;
  const config = configOf(args, session);
  const dataDirectory = config.dataDirectory;
  let service: StartedService | undefined;
  // Of a listener on a free port nobody knows the address before it is open.
  const hooksUrl = (): string | null => config.hooks.publicUrl ?? service?.hooksUrl ?? null;
  const { runtime, adminKey, logger } = await openLocal({
    version: options.version,
    catalog,
    io,
    dataDirectory,
    create: true,
    receive: true,
    ...(options.plugins ? { plugins: options.plugins } : {}),
    hooksUrl,
    retention: config.retention,
    durability: config.durability,
    pluginLimits: config.plugins,
    log: config.log,
  });
  // Listened to from here on, so that a stop during the start is clean too.
  const { signal } = io;
  try {
    await adminKey();
    service = await options.startService(runtime, {
      listen: config.listen,
      hooks: config.hooks.listen,
      plain: args.booleans.get("plain") ?? false,
      log: logger,
    });
    // Commands find the service from the moment it answers.
    await writeServiceFile(dataDirectory, { url: service.url, pid: process.pid, version: options.version });
    await runtime.start();
    announce(service, hooksUrl() ?? service.hooksUrl, session, dataDirectory);
    await stopped(signal);
    session.note("ending: calls in flight are finished");
    return 0;
  } finally {
    await removeServiceFile(dataDirectory).catch(() => undefined);
    await service?.close();
    await runtime.close();
  }
}

export const command: Command = {
  summary: "Run the service",
  description:
    "Makes the data directory and its admin key where there are none. Settings come from the configuration file; flags win. SIGTERM and Ctrl-C finish calls in flight, a second one ends at once.",
  arguments: [],
  flags,
  examples: ["serve", "serve --listen 127.0.0.1:8470 --public-url https://bots.example.org"],
  run,
};
