import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BotyardError } from "@botyard/sdk";
import { validRange } from "semver";
import { shown } from "./paths.ts";

/** Where a plugin comes from. */
export type Source =
  | { readonly kind: "npm"; readonly name: string; /** A range, a version or a tag. */ readonly range: string }
  /** A folder or a tarball, absolute. */
  | { readonly kind: "path"; readonly path: string };

const name = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const tag = /^[A-Za-z][\w.-]{0,63}$/;

const looksLikePath = (text: string): boolean =>
  /^(?:\.{1,2}(?:[\\/]|$)|[\\/]|~[\\/]|[A-Za-z]:[\\/]|file:)/.test(text) || /\.(?:tgz|tar\.gz)$/i.test(text);

/**
 * Reads what a person typed: `zulip-botyard`, `@chat/zulip@^1`, `npm:zulip-botyard@latest`, `./zulip-0.1.0.tgz`, `../zulip`.
 * `base` is where relative paths begin; null: there is none, and such a path is refused. Throws `invalid`.
 */
export function parseSource(text: string, base: string | null): Source {
  if (looksLikePath(text)) {
    const path = text.startsWith("file:")
      ? fileURLToPath(text.startsWith("file:///") ? text : `file://${text.slice(5)}`)
      : text.startsWith("~/")
        ? join(homedir(), text.slice(2))
        : text;
    if (isAbsolute(path)) return { kind: "path", path: resolve(path) };
    if (base !== null) return { kind: "path", path: resolve(base, path) };
    throw new BotyardError("invalid", `"${shown(text)}" is relative to a folder that the service does not know`, {
      fix: "give the absolute path, as the service's machine knows it",
    });
  }
  const bare = text.replace(/^npm:/, "");
  const at = bare.indexOf("@", 1);
  const found = { name: at < 0 ? bare : bare.slice(0, at), range: at < 0 ? "latest" : bare.slice(at + 1) };
  if (!name.test(found.name) || found.name.length > 214)
    throw new BotyardError("invalid", `"${shown(text)}" is neither the name of an npm package nor a path`, {
      fix: "botyard plugins add <npm name | ./folder | ./file.tgz>",
    });
  if (validRange(found.range) === null && !tag.test(found.range))
    throw new BotyardError("invalid", `"${shown(found.range)}" is no version, range or tag of ${found.name}`, {
      fix: `botyard plugins add ${found.name}@latest`,
    });
  return { kind: "npm", ...found };
}

/** As the lock file keeps it; `parseSource` reads it back. */
export function formatSource(source: Source): string {
  return source.kind === "path" ? source.path : `npm:${source.name}@${source.range}`;
}
