import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BotyardError } from "@botyard/sdk";

export const databaseFile = (dataDirectory: string): string => join(dataDirectory, "botyard.db");
export const adminKeyFile = (dataDirectory: string): string => join(dataDirectory, "admin.key");

/**
 * Makes the folder (0700, with its parents) where it is missing and proves that this user can write there. Only
 * `serve`, `connect` and `demo` call it. Throws `invalid` (it is a file), `forbidden` (not writable) or `internal`
 * (disk full).
 */
export function prepareDataDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!statSync(path).isDirectory()) throw fileError(path);
    const trial = join(path, `.write-${process.pid}`);
    writeFileSync(trial, "", { mode: 0o600 });
    rmSync(trial);
  } catch (error) {
    throw toDirectoryError(error, path);
  }
}

function fileError(path: string): BotyardError {
  return new BotyardError("invalid", `the data directory ${path} is a file`, {
    fix: "choose a folder: --data DIR, or BOTYARD_DATA=DIR",
  });
}

function toDirectoryError(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (typeof code !== "string") return error;
  if (code === "EEXIST" || code === "ENOTDIR") return fileError(path);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new BotyardError("internal", `the disk that holds the data directory ${path} is full`, {
      fix: "make room on that disk, or choose another folder: --data DIR",
      cause: error,
    });
  }
  return new BotyardError("forbidden", `the data directory ${path} cannot be written by this user (${code})`, {
    fix: `sudo chown -R "$USER" ${path}   or another folder: --data DIR`,
    cause: error,
  });
}
