import * as v from "valibot";
import type { PlatformDescription } from "./description.ts";
import { BotyardError } from "./errors.ts";
import { operations } from "./operations/index.ts";
import { expected, toFieldIssues } from "./schema.ts";

const Word = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9-]{0,31}$/, expected("a lower-case letter, then up to 31 of a-z 0-9 -")),
);
const Line = v.pipe(
  v.string(),
  v.minLength(1, expected("some text")),
  v.maxLength(200, expected("at most 200 characters")),
  // A terminal shows it before anybody has said yes.
  v.regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, expected("one line without control characters")),
);
/** What `--help` and `connect` print: several lines, and nothing that moves a cursor or turns text round. */
const Prose = v.pipe(
  v.string(),
  v.maxLength(20_000, expected("at most 20000 characters")),
  v.regex(/^(?:[^\p{Cc}\u202a-\u202e\u2066-\u2069]|[\n\t])*$/u, expected("text without control characters")),
);
const Schema = v.record(v.string(), v.unknown());

/** `https://api.example.org`: scheme, host and port, nothing behind them. `settings`, `server`: see `PluginManifest`. */
const Origin = v.pipe(
  v.string(),
  v.check(
    (text) =>
      text === "settings" ||
      text === "server" ||
      (URL.canParse(text) && /^(?:https?|wss?):\/\/[\w.:[\]-]+$/.test(text)),
    expected("an origin like https://api.example.org, settings or server"),
  ),
);

/** A path inside the package: `plugin.js`, `dist/index.js`. */
const Entry = v.pipe(
  v.string(),
  v.maxLength(200, expected("at most 200 characters")),
  v.regex(
    /^(?:\.\/)?(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9_@][\w@.-]*(?:\/[\w@.-]+)*\.m?js$/,
    expected("a path inside the package that ends with .js or .mjs"),
  ),
);

const NativeField = v.looseObject({
  name: v.string(),
  required: v.boolean(),
  secret: v.boolean(),
  bytes: v.boolean(),
  ref: v.nullable(v.string()),
  schema: Schema,
});

const Native = v.looseObject({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/, expected("noun.verb"))),
  summary: Line,
  run: v.picklist(["platform", "tool"]),
  effect: v.picklist(["read", "write", "send"]),
  route: v.pipe(
    v.string(),
    v.regex(/^(?:GET|POST|PUT|PATCH|DELETE) \/[\w{}/.-]*$/, expected("a method and a path below /v1")),
  ),
  description: v.optional(Prose),
  destructive: v.optional(v.boolean()),
  secretOutput: v.optional(v.boolean()),
  errors: v.optional(v.array(v.string())),
  cli: v.optional(
    v.looseObject({
      positionals: v.optional(v.array(v.string())),
      columns: v.optional(v.array(v.string())),
      print: v.optional(v.string()),
      done: v.optional(v.string()),
    }),
  ),
  fields: v.pipe(v.array(NativeField), v.maxLength(200)),
  output: v.looseObject({ kind: v.picklist(["json", "bytes", "stream"]), schema: v.nullable(Schema) }),
});

const Description = v.looseObject({
  id: Word,
  namespace: Word,
  title: Line,
  contract: v.number(),
  url: v.picklist(["required", "none"]),
  settings: Schema,
  credentials: v.record(
    Word,
    v.looseObject({ title: Line, holder: v.picklist(["connection", "bot", "account"]), help: v.optional(Prose) }),
  ),
  /** A kind of support that a later contract knows is not refused: here it counts as none. */
  capabilities: v.record(v.string(), v.looseObject({ support: v.string() })),
  extras: v.optional(v.record(v.string(), Schema)),
  native: v.pipe(v.array(Native), v.maxLength(1000)),
  tools: v.optional(v.array(v.string())),
  imports: v.optional(v.record(v.string(), v.looseObject({ title: Line }))),
  massMentions: v.optional(v.array(v.string())),
});

/**
 * Field `botyard` of a plugin's `package.json`: all that Botyard reads of a plugin before its code runs. Written by
 * `botyard plugins pack`; the author writes `origins` and `hooks`. Members a reader does not know are ignored.
 *
 * @example
 * { "kind": "platform", "id": "zulip", "namespace": "zulip", "title": "Zulip", "contract": "1", "entry": "plugin.js",
 *   "origins": [], "hooks": false, "description": { … } }
 */
export const PluginManifest = v.looseObject({
  kind: v.literal("platform"),
  /** `zulip`; no two plugins have one id. */
  id: Word,
  /** Noun of its own operations and word of `botyard connect`; no two plugins have one. */
  namespace: Word,
  title: Line,
  /** Versions of the contract it was made for: `1`, `1 || 2`. */
  contract: v.pipe(
    v.string(),
    v.regex(/^\d{1,6}(?: \|\| \d{1,6})*$/, expected("versions of the contract like 1 or 1 || 2")),
  ),
  /** The module whose default export is the platform, relative to the package: `plugin.js`. */
  entry: Entry,
  /**
   * What it reaches beside the connection's own address: `https://files.example.org`; `settings`: the addresses among its
   * settings; `server`: those the chat server names when it is looked at.
   */
  origins: v.optional(v.pipe(v.array(Origin), v.maxLength(50)), []),
  /** Whether chat servers send to it (`/hooks/…`). */
  hooks: v.optional(v.boolean(), false),
  /** The platform without its code. Settings, credentials, capabilities and own operations stand here. */
  description: Description,
});

export interface PluginManifest {
  readonly kind: "platform";
  readonly id: string;
  readonly namespace: string;
  readonly title: string;
  readonly contract: string;
  readonly entry: string;
  readonly origins: readonly string[];
  readonly hooks: boolean;
  readonly description: PlatformDescription;
}

/** What its author writes into the field `botyard`; `plugins pack` adds the rest from the code. */
export const PluginAuthoring = v.looseObject({
  origins: PluginManifest.entries.origins,
  hooks: PluginManifest.entries.hooks,
  /** Other contract versions it runs on as well; default: the one of the SDK it was built with. */
  contract: v.optional(PluginManifest.entries.contract),
  /** The module to bundle: `src/index.ts`. Default: `exports["."]`, `main`, `src/index.ts`. */
  source: v.optional(v.string()),
});

function refuse(issues: readonly { readonly path: string; readonly expected: string }[]): never {
  throw new BotyardError("invalid", 'the manifest of this plugin (package.json, field "botyard") is not one', {
    issues: issues.slice(0, 20).map(({ path, expected }) => ({ path: `botyard.${path}`, expected })),
    fix: "its author writes it with botyard plugins pack",
  });
}

/** Own operations stay under the plugin's own noun and paths: none stands in for one of ours, or of another plugin. */
function outside({
  namespace,
  description,
}: v.InferOutput<typeof PluginManifest>): { path: string; expected: string }[] {
  return description.native.flatMap(({ name, run, route }, index) => {
    const path = route.slice(route.indexOf(" ") + 1);
    const below = [`/connections/{connection}/${namespace}/`, ...(run === "tool" ? [`/${namespace}/`] : [])];
    return [
      ...(name.startsWith(`${namespace}.`)
        ? []
        : [{ path: `description.native.${index}.name`, expected: `${namespace}.<verb>` }]),
      ...(below.some((start) => path.startsWith(start)) && !path.includes("..")
        ? []
        : [{ path: `description.native.${index}.route`, expected: `a path below ${below.join(" or ")}` }]),
    ];
  });
}

/** Nouns of the table of operations: no plugin is called so. */
export function reservedNouns(): ReadonlySet<string> {
  return new Set(Object.keys(operations).map((name) => name.split(".")[0] ?? ""));
}

/**
 * Reads a manifest, `package.json`'s field `botyard`, without running anything. Throws `invalid` with the fields that are
 * wrong, also where id and description contradict each other, or an operation leaves the plugin's own noun.
 */
export function parseManifest(value: unknown): PluginManifest {
  if (value === undefined || value === null)
    throw new BotyardError("invalid", 'this is no plugin: its package.json has no field "botyard"', {
      fix: "in the plugin's folder: botyard plugins pack, then add the file it makes",
    });
  const parsed = v.safeParse(PluginManifest, value);
  if (!parsed.success) refuse(toFieldIssues(parsed.issues));
  const manifest = parsed.output;
  const { id, namespace, description } = manifest;
  const reserved = reservedNouns();
  const issues = [
    ...(["id", "namespace", "title"] as const)
      .filter((name) => manifest[name] !== description[name])
      .map((name) => ({ path: `description.${name}`, expected: `the same as ${name}` })),
    ...[...new Set([id, namespace])]
      .filter((word) => reserved.has(word))
      .map((word) => ({
        path: word === id ? "id" : "namespace",
        expected: `a word of its own: "${word}" is a noun of Botyard`,
      })),
    ...outside(manifest),
  ];
  if (issues.length > 0) refuse(issues);
  return manifest as unknown as PluginManifest;
}
