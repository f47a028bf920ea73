import { createHash } from "node:crypto";

/** Files of a package by their path inside it: `package.json`, `dist/plugin.js`. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** `sha512-…`, as npm writes it. */
export function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
}

/** The same of a set of files, whatever way they came: over sorted paths and their hashes. */
export function integrityOfFiles(files: Files): string {
  const hash = createHash("sha512");
  for (const path of [...files.keys()].sort()) {
    const own = createHash("sha512")
      .update(files.get(path) ?? "")
      .digest("hex");
    hash.update(`${JSON.stringify(path)} ${own}\n`);
  }
  return `sha512-${hash.digest("base64")}`;
}
