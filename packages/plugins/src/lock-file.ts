import { join } from "node:path";
import { BotyardError } from "@botyard/sdk";
import * as v from "valibot";
import { type Disk, onDisk, readOr, take } from "./disk.ts";

const Integrity = v.pipe(v.string(), v.regex(/^sha512-[A-Za-z0-9+/]{86}==$/));

const Entry = v.object({
  /** Name of the npm package. */
  package: v.string(),
  version: v.string(),
  /** `npm:zulip-botyard@^1`, or the absolute path of a folder or tarball. */
  source: v.string(),
  /** Of the tarball; of a folder's files. */
  integrity: Integrity,
  /** Of the files on the disk. */
  files: Integrity,
  /** Below `plugins`: `zulip/0.1.0-1f3870be`. */
  folder: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}\/[0-9A-Za-z.+-]{1,120}$/)),
  trusted: v.boolean(),
});
export type LockEntry = v.InferOutput<typeof Entry>;

const LockFile = v.object({
  lockfileVersion: v.literal(1),
  plugins: v.record(v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/)), Entry),
});

/** By plugin id. */
export type Locked = Readonly<Record<string, LockEntry>>;

export const lockFileOf = (directory: string): string => join(directory, "plugins.lock.json");

/** Throws `invalid` where the file is damaged or of a later Botyard; it is not touched then. */
export async function readLock(directory: string): Promise<Locked> {
  const path = lockFileOf(directory);
  const bytes = await onDisk(path, () => readOr(path, null));
  if (bytes === null) return {};
  try {
    const { plugins } = v.parse(LockFile, JSON.parse(new TextDecoder().decode(bytes)));
    if (Object.values(plugins).some(({ folder }) => folder.includes(".."))) throw new Error("a folder outside");
    return plugins;
  } catch (error) {
    throw new BotyardError("invalid", `${path} is damaged, or of a later Botyard`, {
      cause: error,
      fix: `put back a copy of it, or move it away and add the plugins again`,
    });
  }
}

/** Sorted, so that a person sees in a diff what changed. On the disk, whole, when this resolves. */
export async function writeLock(directory: string, locked: Locked, disk: Disk): Promise<void> {
  const path = lockFileOf(directory);
  const plugins = Object.fromEntries(Object.entries(locked).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = `${JSON.stringify({ lockfileVersion: 1, plugins }, null, 2)}\n`;
  await onDisk(path, async () => {
    await take(`${path}.new`);
    try {
      await disk.write(`${path}.new`, new TextEncoder().encode(text));
      await disk.move(`${path}.new`, path);
    } catch (error) {
      await take(`${path}.new`).catch(() => undefined);
      throw error;
    }
  });
}
