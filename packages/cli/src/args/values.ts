import type { Io } from "../io.ts";
import { optionEntries } from "./option.ts";
import type { FieldFlag } from "./plan.ts";
import { usage } from "./parse.ts";
import { readSecret } from "./secret.ts";
import { type JsonSchema, suggest } from "@botyard/core";
import { durationOf, parseRate } from "./units.ts";

function pair(text: string, flag: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw usage(`${flag} expects key=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function one(text: string, flag: FieldFlag): unknown {
  const name = `--${flag.name}`;
  if (flag.choices && !flag.choices.includes(text)) {
    const close = suggest(text, flag.choices);
    throw usage(
      `${name} expects one of ${flag.choices.join(", ")}`,
      close ? `did you mean ${name} ${close}?` : undefined,
    );
  }
  switch (flag.kind) {
    case "number": {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value)) throw usage(`${name} expects a number`);
      return value;
    }
    case "duration":
      return durationOf(text, name);
    case "rate":
      return parseRate(text, name);
    case "boolean":
      if (text !== "true" && text !== "false") throw usage(`${name} expects true or false`);
      return text === "true";
    case "json":
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw usage(`${name} expects JSON`);
      }
    default:
      return text;
  }
}

/** Lists of names may be written with commas: `--allow events.read,messages.send`. Ids may hold commas themselves. */
function split(text: string): readonly string[] {
  return /^[\w*.!-]+(?:,[\w*.!-]+)+$/.test(text) ? text.split(",") : [text];
}

/** A flag's value from its texts, in the order they were given. `schema`: of the platform's options, where it is known. Throws `invalid` by the flag's name, never with a secret. */
export async function flagValue(
  texts: readonly string[],
  flag: FieldFlag,
  io: Io,
  schema: JsonSchema | null = null,
): Promise<unknown> {
  const name = `--${flag.name}`;
  if (flag.kind === "secret") return readSecret(texts[0] ?? "", name, io);
  if (flag.kind === "secrets") {
    const entries: [string, string][] = [];
    for (const text of texts) {
      const [key, given] = pair(text, name);
      entries.push([key, await readSecret(given, `${name} ${key}=…`, io)]);
    }
    return Object.fromEntries(entries);
  }
  if (flag.kind === "record") return optionEntries(texts, name, schema);
  if (flag.array)
    return texts.flatMap((text) => (flag.kind === "text" ? split(text) : [text])).map((text) => one(text, flag));
  return one(texts[0] ?? "", flag);
}

/** Puts a value at a path, making the objects on the way. */
export function place(input: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first = "", ...rest] = path;
  if (rest.length === 0) {
    input[first] = value;
    return;
  }
  const inner = (input[first] ??= {}) as Record<string, unknown>;
  place(inner, rest, value);
}
