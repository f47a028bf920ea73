import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Longer signatures are told by their beginning and a digest: they are generated from schemas, and nobody reads them. */
const longest = 400;

/**
 * What a built package gives to those who import it: a line for each exported name with its declaration, sorted.
 * `module` is a `.d.ts` as tsc writes it: declarations begin at the start of a line.
 */
export function surfaceOf(module: string): string {
  const lines = [...exportsOf(module)].map(([name, text]) => `${name}\n  ${shorten(text)}\n`);
  return lines.toSorted((a, b) => (a < b ? -1 : 1)).join("");
}

function exportsOf(module: string): Map<string, string> {
  const text = readFileSync(module, "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const found = new Map<string, string>();
  const beside = (path: string): string => join(dirname(module), path.replace(/\.js$/, ".d.ts"));
  const add = (name: string, declaration: string): void => {
    // A schema and the type of its values have one name.
    const before = found.get(name);
    found.set(name, before === undefined ? declaration : [before, declaration].toSorted().join(" & "));
  };
  for (const statement of text.split(/^(?=export |declare |import |interface |type )/m)) {
    const all = /^export \* from "(\.[^"]+)"/.exec(statement);
    if (all?.[1] !== undefined) {
      for (const [name, declaration] of exportsOf(beside(all[1]))) add(name, declaration);
      continue;
    }
    const some = /^export (?:type )?\{([^}]*)\}(?: from "([^"]+)")?/.exec(statement);
    if (some) {
      const [, names = "", from] = some;
      const there = from?.startsWith(".") ? exportsOf(beside(from)) : undefined;
      for (const [, name = "", as = name] of names.matchAll(/(?:type )?([\w$]+)(?: as ([\w$]+))?/g))
        add(as, there?.get(name) ?? `from "${from ?? "this module"}"`);
      continue;
    }
    const [, kind, name] =
      /^export (?:declare )?(?:abstract )?(const|let|function|class|interface|type|enum) ([\w$]+)/.exec(statement) ??
      [];
    if (kind !== undefined && name !== undefined) add(name, statement.replace(/^export (?:declare )?/, ""));
  }
  return found;
}

function shorten(declaration: string): string {
  const text = declaration.replaceAll(/\s+/g, " ").trim();
  if (text.length <= longest) return text;
  return `${text.slice(0, longest)}… sha256:${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}
