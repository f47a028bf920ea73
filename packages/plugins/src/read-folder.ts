import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { BotyardError } from "@botyard/sdk";
import type { Files } from "./integrity.ts";
import { limits } from "./limits.ts";
import { clash, pathProblem, refuse, shown } from "./paths.ts";

const leftOut = new Set([".git", ".hg", ".svn", ".DS_Store", ".npmrc", ".env"]);

/** Why a path cannot be read, for a person. */
function unreadable(path: string, error: unknown): BotyardError {
  const { code = "?" } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR")
    return new BotyardError("not_found", `there is no file or folder ${shown(path)} on the machine of the service`, {
      fix: "botyard plugins add <npm name | ./folder | ./file.tgz>",
    });
  return new BotyardError("forbidden", `${shown(path)} cannot be read by the user of the service (${code})`, {
    fix: "let that user read it, or put a copy where it can",
    cause: error,
  });
}

/** Whether the path is a folder. Throws `not_found` or `forbidden`. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A tarball from the disk; its size is looked at first. */
export async function readTarball(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    const { size } = found;
    if (!found.isFile()) refuse(`${shown(path)} is neither a folder nor a file`);
    if (size > limits.packed)
      throw new BotyardError(
        "too_large",
        `the tarball has more than ${limits.packed / 1_048_576} MB. Nothing was installed`,
      );
    return await readFile(path);
  } catch (error) {
    throw error instanceof BotyardError ? error : unreadable(path, error);
  }
}

/**
 * Every file of a folder, by path. Throws `invalid` for links and what is no file: what they point at is not the package.
 * Version control, `.npmrc` and `.env` are left out.
 */
export async function readFolder(root: string): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  let size = 0;
  const walk = async (at: string): Promise<void> => {
    for (const name of (await readdir(join(root, at))).sort()) {
      if (leftOut.has(name)) continue;
      const path = at === "" ? name : `${at}/${name}`;
      const found = await lstat(join(root, path));
      const problem = pathProblem(path);
      if (problem !== null) refuse(`the folder holds ${problem}: ${shown(path)}`);
      if (found.isDirectory()) await walk(path);
      else if (!found.isFile())
        throw new BotyardError(
          "invalid",
          `the folder holds ${found.isSymbolicLink() ? "a link" : "what is no file"} (${shown(path)}); a plugin has plain files only. Nothing was installed`,
          { fix: "in the folder: botyard plugins pack, then add the file it makes" },
        );
      else {
        size += found.size;
        if (size > limits.unpacked || files.size >= limits.files)
          throw new BotyardError("too_large", "the folder holds more than a plugin needs. Nothing was installed", {
            fix: "in the folder: botyard plugins pack, then add the file it makes",
          });
        files.set(path, await readFile(join(root, path)));
      }
    }
  };
  try {
    await walk("");
  } catch (error) {
    throw error instanceof BotyardError ? error : unreadable(root, error);
  }
  const twice = clash(files.keys());
  if (twice !== null) refuse(`the folder holds two things called ${shown(twice)}`);
  return files;
}
