import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { BotyardError, isBotyardError } from "@botyard/sdk";

/** What the installer does to a disk. In tests one that is full. */
export interface Disk {
  /** Makes the folder with its parents, 0700. */
  folder(path: string): Promise<void>;
  /** A new file, 0600, on the disk when this resolves. Fails where there is one. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Puts it in the place of what is there, in one step that a crash does not halve. */
  move(from: string, to: string): Promise<void>;
}

export const systemDisk: Disk = {
  folder: async (path) => void (await mkdir(path, { recursive: true, mode: 0o700 })),
  async write(path, bytes) {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  async move(from, to) {
    await rename(from, to);
    // Windows cannot open a folder, and needs no such thing.
    const folder = await open(dirname(to), "r").catch(() => null);
    await folder?.sync().catch(() => undefined);
    await folder?.close();
  },
};

const full = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Runs work on the disk; what the system says becomes an error of the table. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isBotyardError(error)) throw error;
    const { code = "?" } = error as NodeJS.ErrnoException;
    if (full.has(code))
      throw new BotyardError(
        "internal",
        `the disk that holds ${path} is full. What was installed before is unchanged`,
        {
          fix: "make room on that disk, then the same again",
          cause: error,
        },
      );
    throw new BotyardError(
      "internal",
      `${path} cannot be read or written (${code}). What was installed before is unchanged`,
      {
        fix: "look at the owner and the rights of the data directory",
        cause: error,
      },
    );
  }
}

/** Takes a file or folder away, if it is there. */
export const take = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

export async function readOr<T>(path: string, otherwise: T): Promise<Uint8Array | T> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOTDIR: a file stands where the folder should be, which is said by whoever needs the folder.
    if (code === "ENOENT" || code === "ENOTDIR") return otherwise;
    throw error;
  }
}

export async function names(folder: string): Promise<readonly string[]> {
  return (await stat(folder).catch(() => null))?.isDirectory() ? readdir(folder) : [];
}
