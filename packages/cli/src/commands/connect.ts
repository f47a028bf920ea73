import {
  type AnyPlatform,
  BotyardError,
  type CredentialKind,
  type ImportedFile,
  isBotyardError,
  type ObjectSchema,
} from "@botyard/sdk";
import { awaitSteps } from "../await-steps.ts";
import { type Flag, type ParsedArgs, usage } from "../args/parse.ts";
import { kebab } from "../args/plan.ts";
import { readSecret, readTextFile } from "../args/secret.ts";
import { suggest } from "@botyard/core";
import { optionEntries, optionEntry } from "../args/option.ts";
import type { Command } from "../command.ts";
import { walkLogin } from "../login-dialogue.ts";
import { platformSchema } from "../platform-options.ts";
import { presenters } from "../presenters.ts";
import type { Session } from "../session.ts";

const commonFlags: readonly Flag[] = [
  { name: "id", type: "string", hint: "<id>", summary: "Our name for the connection; default: the platform's" },
  {
    name: "option",
    short: "o",
    type: "string",
    multiple: true,
    hint: "key=value",
    summary: "A setting of the platform",
  },
];

function connectionCredentials(platform: AnyPlatform): ReadonlyMap<string, CredentialKind> {
  return new Map(Object.entries(platform.credentials).filter(([, kind]) => kind.holder === "connection"));
}

/**
 * Every flag `connect` takes for a platform: its credentials by kind (`--admin-token`, and `--token` where there is one
 * token only), its files by name (`--registration`), its settings by `-o`.
 */
export function flagsFor(platform: AnyPlatform): readonly Flag[] {
  const kinds = [...connectionCredentials(platform)];
  const tokens = kinds.filter(([name]) => name.endsWith("-token"));
  const [only] = tokens;
  return [
    ...commonFlags,
    ...kinds.map(([name, kind]): Flag => ({ name, type: "string", hint: "env:NAME|file:PATH|-", summary: kind.title })),
    ...(only && tokens.length === 1 && only[0] !== "token"
      ? [{ name: "token", type: "string" as const, hint: "env:NAME|file:PATH|-", summary: `The same as --${only[0]}` }]
      : []),
    ...Object.entries(platform.imports ?? {}).map(([name, kind]): Flag => ({
      name,
      type: "string",
      hint: "<file>",
      summary: kind.title,
    })),
  ];
}

/** What `connect` takes for each platform: `matrix <url>  --registration, --as-token, …`. */
function platformRows(platforms: readonly AnyPlatform[]): readonly (readonly [string, string])[] {
  return platforms.map((platform) => {
    const own = flagsFor(platform).slice(commonFlags.length);
    const url = platform.url === "required" ? " <url>" : "";
    return [`${platform.namespace}${url}`, own.map(({ name }) => `--${name}`).join(", ") || "nothing more"];
  });
}

function namedPlatform(platforms: readonly AnyPlatform[], words: readonly string[]): AnyPlatform | undefined {
  return platforms.find(({ id, namespace }) => words.includes(id) || words.includes(namespace));
}

async function findPlatform(session: Session, word: string | undefined): Promise<AnyPlatform> {
  const all = await session.catalog.platforms();
  const names = all.map((platform) => platform.namespace);
  if (word === undefined)
    throw usage(
      `connect what? This binary knows ${names.join(", ")}`,
      `${session.options.self} connect <platform> [url]`,
    );
  return namedPlatform(all, [word]) ?? unknownPlatform(all, word);
}

/** What is not in the binary may be a plugin that is not installed yet. */
function unknownPlatform(all: readonly AnyPlatform[], word: string): never {
  const names = all.map((platform) => platform.namespace);
  const close = suggest(word, [...names, ...all.map((platform) => platform.id)]);
  throw new BotyardError("invalid", `there is no platform "${word}"; this binary knows ${names.join(", ")}`, {
    fix: close ? `did you mean botyard connect ${close}?` : "botyard plugins add <npm name | ./folder | ./file.tgz>",
  });
}

async function readImports(platform: AnyPlatform, args: ParsedArgs): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of Object.keys(platform.imports ?? {})) {
    const path = args.strings.get(name)?.[0];
    if (path !== undefined) found[name] = await readTextFile(path, `--${name}`);
  }
  return found;
}

interface Given {
  readonly secrets: Record<string, string>;
  /** Kinds a person logs in for, once the connection is there. */
  readonly logins: readonly string[];
}

/** What a person wants where the server has a login: that, to paste the secret, or to leave it for later. */
async function chosenWay({ title, required }: CredentialKind, { io }: Session): Promise<"login" | "paste" | "later"> {
  const later = required ? "" : "  (3) later";
  for (;;) {
    const answer = (await io.ask(`  ${title}: (1) log in now  (2) paste it${later} > `)).trim();
    if (answer === "1" || answer === "") return "login";
    if (answer === "2") return "paste";
    if (answer === "3" && !required) return "later";
  }
}

async function readCredentials(
  platform: AnyPlatform,
  args: ParsedArgs,
  imported: ReadonlySet<string>,
  session: Session,
): Promise<Given> {
  const { io } = session;
  const found: Record<string, string> = {};
  const logins: string[] = [];
  for (const [name, kind] of connectionCredentials(platform)) {
    const short = name.endsWith("-token") ? args.strings.get("token")?.[0] : undefined;
    const given = args.strings.get(name)?.[0] ?? short;
    if (given !== undefined) {
      found[name] = await readSecret(given, `--${args.strings.has(name) ? name : "token"}`, io);
    } else if ((kind.required || (kind.login && io.interactive)) && !imported.has(name)) {
      if (!io.interactive)
        throw usage(
          `connect ${platform.namespace}: --${name} is missing (${kind.title})`,
          `--${name} env:NAME|file:PATH|-`,
        );
      const way = kind.login ? await chosenWay(kind, session) : "paste";
      if (way === "login") logins.push(name);
      if (way !== "paste") continue;
      if (kind.help) io.err(`  ${kind.help}\n`);
      found[name] = await io.askSecret(`  ${kind.title} (hidden; or --${name} env:NAME | file:PATH | -): `);
    }
  }
  return { secrets: found, logins };
}

function readSettings(platform: AnyPlatform, args: ParsedArgs): Record<string, unknown> {
  const schema = platformSchema(platform, "settings");
  return optionEntries(args.strings.get("option") ?? [], "-o", schema);
}

/** Settings without which the platform cannot be opened and that nobody has given: asked for on a terminal. */
async function askSettings(
  platform: AnyPlatform,
  given: Record<string, unknown>,
  imported: ReadonlySet<string>,
  { io }: Session,
): Promise<void> {
  const { entries } = platform.settings as ObjectSchema;
  for (const [name, schema] of Object.entries(entries)) {
    if (schema.type === "optional" || schema.type === "exact_optional" || name in given || imported.has(name)) continue;
    if (!io.interactive) throw usage(`connect ${platform.namespace}: the setting ${name} is missing`, `-o ${name}=…`);
    const text = await io.ask(`  ${kebab(name).replaceAll("-", " ")}: `);
    const [, value] = optionEntry(`${name}=${text}`, "-o", platformSchema(platform, "settings"));
    given[name] = value;
  }
}

/** What a file says; null where only the plugin's own process can read it, and this command knows its manifest alone. */
async function fillsIn(platform: AnyPlatform, name: string, text: string): Promise<ImportedFile | null> {
  try {
    return (await platform.imports?.[name]?.read(text)) ?? {};
  } catch (error) {
    if (isBotyardError(error) && error.code === "plugin_failed") return null;
    throw error;
  }
}

async function run(args: ParsedArgs, session: Session): Promise<number> {
  const { options, io, globals } = session;
  const [word, url, extra] = args.positionals;
  const platform = await findPlatform(session, word);
  if (extra !== undefined)
    throw usage(`"${extra}" is one argument too many`, `${options.self} connect ${platform.namespace} <url>`);
  const imported = await readImports(platform, args);
  const filled = await Promise.all(Object.entries(imported).map(([name, text]) => fillsIn(platform, name, text)));
  // Then nobody is asked for anything: the service says what is missing.
  const untold = filled.includes(null);
  if (platform.url === "required" && url === undefined && !untold && !filled.some((one) => one?.url)) {
    throw usage(
      `${platform.title} needs the server's address`,
      `${options.self} connect ${platform.namespace} https://…`,
    );
  }
  const all = { credentials: platform.credentials, settings: (platform.settings as ObjectSchema).entries };
  const filledIn = (part: "credentials" | "settings"): ReadonlySet<string> =>
    new Set(untold ? Object.keys(all[part]) : filled.flatMap((one) => Object.keys(one?.[part] ?? {})));
  const { secrets: credentials, logins } = await readCredentials(platform, args, filledIn("credentials"), session);
  const settings = readSettings(platform, args);
  await askSettings(platform, settings, filledIn("settings"), session);
  const client = await session.client({ create: true });
  const id = args.strings.get("id")?.[0];
  const connected = await client.connections.create(
    {
      platform: platform.id,
      ...(id === undefined ? {} : { id }),
      ...(url === undefined ? {} : { url }),
      ...(Object.keys(settings).length > 0 ? { settings } : {}),
      ...(Object.keys(credentials).length > 0 ? { credentials } : {}),
      ...(Object.keys(imported).length > 0 ? { import: imported } : {}),
    },
    { signal: io.signal },
  );
  if (globals.json) {
    session.json(connected);
    return 0;
  }
  // Before the login it can only be said that a login is missing.
  if (logins.length > 0) io.out(`  saved as ${connected.id}\n`);
  else await presenters["connections.create"]?.(connected as never, session);
  for (const kind of logins) await walkLogin({ connection: connected.id, kind }, session);
  if (logins.length > 0) {
    const now = await client.connections.get({ connection: connected.id }, { signal: io.signal });
    await presenters["connections.create"]?.({ ...now, opened: [] } as never, session);
  }
  if (connected.opened.length > 0 && io.interactive) await awaitSteps(connected.opened, session);
  return 0;
}

export const command: Command = {
  summary: "Connect a chat server: asks for what is needed, says what works",
  description:
    "Saves the connection first, then looks at the server. Credentials are asked for without echo, or given as env:NAME, file:PATH or - (standard input). `connect <platform> --help` shows what each flag and -o is.",
  arguments: [
    { name: "platform", required: true, summary: "mattermost, matrix, …" },
    { name: "url", required: false, summary: "Address of the server, where the platform has one" },
  ],
  flags: commonFlags,
  async flagsFor(argv, catalog) {
    const named = namedPlatform(await catalog.platforms(), argv);
    return named ? flagsFor(named) : commonFlags;
  },
  async table(argv, catalog) {
    const platforms = await catalog.platforms();
    if (namedPlatform(platforms, argv)) return null;
    return { title: "platforms", rows: platformRows(platforms) };
  },
  async options({ positionals }, { catalog }) {
    const named = namedPlatform(await catalog.platforms(), positionals);
    return named ? platformSchema(named, "settings") : null;
  },
  examples: [
    "connect mattermost https://chat.example.org --id chat --token env:ADMIN_TOKEN",
    "connect matrix https://hs.example.org --registration ./registration.yaml",
  ],
  run,
};
