import type { Descriptor, JsonSchema } from "@botyard/core";
import { parseAddress } from "@botyard/sdk";
import type { Io } from "../io.ts";
import { openBytes } from "./file.ts";
import { type ParsedArgs, usage } from "./parse.ts";
import { type CommandPlan, kebab } from "./plan.ts";
import { readStdinText } from "./secret.ts";
import { flagValue, place } from "./values.ts";

export interface ComposeWorld {
  readonly io: Io;
  /** Given by `-c`. */
  readonly connection: string | null;
  /** Given by BOTYARD_CONNECTION. */
  readonly usualConnection: string | null;
  /** Ids of the connections there are; null where the key may not know. Asked only when needed. */
  connections(): Promise<readonly string[] | null>;
  /** Schema of the platform's options for this operation; null where it is not known. Asked only when needed. */
  options(connection: string): Promise<JsonSchema | null>;
  /** Asks for a secret without echo; null where nobody can answer. */
  askSecret(title: string): Promise<string | null>;
}

type Input = Record<string, unknown>;

async function address(text: string, world: ComposeWorld): Promise<{ connection: string | null; name: string }> {
  if (!parseAddress(text).connection) return { connection: null, name: text };
  return parseAddress(text, (await world.connections()) ?? undefined);
}

/** `address`: as typed; what stands before its slash is no connection there is. */
async function onlyConnection(world: ComposeWorld, address = ""): Promise<string> {
  const all = await world.connections();
  if (all === null) throw usage("which connection? This key may not list them", "-c <connection>");
  const [only] = all;
  if (only === undefined) throw usage("there is no connection yet", "botyard connect <platform> <url>");
  if (all.length > 1) {
    const unknown = parseAddress(address).connection;
    const question = unknown === null ? "which connection?" : `there is no connection "${unknown}".`;
    throw usage(`${question} There are ${all.join(", ")}`, `-c ${only}, or ${only}/<name>`);
  }
  return only;
}

async function takePositionals(
  plan: CommandPlan,
  given: readonly string[],
  input: Input,
  world: ComposeWorld,
): Promise<string | null> {
  let connection: string | null = null;
  for (const [index, positional] of plan.positionals.entries()) {
    const text = given[index];
    if (text === undefined) continue;
    if (positional.field === "text" && text === "-") {
      input["text"] = await readStdinText(world.io);
      continue;
    }
    if (!positional.address) {
      input[positional.field] = text;
      continue;
    }
    const found = await address(text, world);
    if (found.connection && connection && found.connection !== connection) {
      throw usage(`${connection} and ${found.connection} are two connections; one command works on one`);
    }
    connection = found.connection ?? connection;
    input[positional.field] = found.name;
  }
  return connection;
}

function checkCount(plan: CommandPlan, given: readonly string[], call: string): void {
  const missing = plan.positionals.slice(given.length).find((one) => one.required);
  if (missing) throw usage(`${call}: <${kebab(missing.field)}> is missing`, synopsis(plan, call));
  if (given.length > plan.positionals.length) {
    throw usage(
      `${call}: "${given[plan.positionals.length] ?? ""}" is one argument too many; texts with spaces need quotes`,
      synopsis(plan, call),
    );
  }
}

/** `botyard messages send <room> <text>` */
export function synopsis(plan: CommandPlan, call: string): string {
  const words = plan.positionals.map((one) => {
    const name = one.address ? `[connection/]${kebab(one.field)}` : kebab(one.field);
    return one.required ? `<${name}>` : `[${name}]`;
  });
  return [call, ...words].join(" ");
}

function clear(plan: CommandPlan, names: readonly string[], input: Input): void {
  for (const name of names) {
    const field = plan.clearable.find((one) => one === name || kebab(one) === name);
    if (!field)
      throw usage(`--clear ${name}: this cannot be cleared`, `--clear ${plan.clearable.map(kebab).join("|")}`);
    if (input[field] !== undefined) throw usage(`--clear ${name} and --${kebab(field)} contradict each other`);
    input[field] = null;
  }
}

/**
 * Makes an operation's input out of a command line. Throws `invalid` with the flag or argument in its sentence; what the
 * operation itself demands is left to its schema. `call` is the command as typed: `botyard bots create`.
 */
export async function composeInput(
  descriptor: Descriptor,
  plan: CommandPlan,
  args: ParsedArgs,
  world: ComposeWorld,
  call: string,
): Promise<Input> {
  checkCount(plan, args.positionals, call);
  const input: Input = {};
  const prefix = await takePositionals(plan, args.positionals, input, world);
  const named = plan.positionals.flatMap(({ address: is }, n) => (is ? [args.positionals[n] ?? ""] : []))[0];
  if (plan.connection !== "none" && input["connection"] === undefined) {
    if (prefix && world.connection && prefix !== world.connection) {
      throw usage(`${prefix}/… and -c ${world.connection} are two connections; one command works on one`);
    }
    input["connection"] =
      prefix ??
      world.connection ??
      world.usualConnection ??
      (plan.connection === "one-or-all" ? "-" : await onlyConnection(world, named));
  }
  for (const flag of plan.flags) {
    const texts = args.strings.get(flag.name);
    const on = args.booleans.get(flag.name);
    if (on !== undefined) place(input, flag.path, on);
    if (!texts) continue;
    const connection = input["connection"];
    const schema = flag.kind === "record" && typeof connection === "string" ? await world.options(connection) : null;
    place(input, flag.path, await flagValue(texts, flag, world.io, schema));
  }
  clear(plan, args.strings.get("clear") ?? [], input);
  for (const field of descriptor.fields) {
    if (field.in === "bytes") {
      const path = args.strings.get("file")?.[0];
      if (path === undefined) throw usage(`${call}: --file is missing`, `${call} --file <path>|-`);
      const bytes = await openBytes(path, world.io);
      input[field.name] = bytes;
      if (bytes.name && input["name"] === undefined && descriptor.fields.some((one) => one.name === "name")) {
        input["name"] = bytes.name;
      }
    } else if (field.secret && field.required && input[field.name] === undefined) {
      const secret = await world.askSecret(kebab(field.name));
      if (secret === null)
        throw usage(`${call}: --${kebab(field.name)} is missing`, `--${kebab(field.name)} env:NAME|file:PATH|-`);
      input[field.name] = secret;
    }
  }
  return input;
}
