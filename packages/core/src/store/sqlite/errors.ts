import { BotyardError, isBotyardError } from "@botyard/sdk";

// Deno gives some errors no number: the library's own text tells them apart on every runtime.
const full = { number: 13, text: "database or disk is full" };
const damaged = [
  { number: 11, text: "malformed" },
  { number: 26, text: "file is not a database" },
];
const locked = { number: 5, text: "database is locked" };
const readOnly = { number: 8, text: "readonly database" };

function is(error: unknown, kind: { readonly number: number; readonly text: string }): boolean {
  if (!(error instanceof Error)) return false;
  // The low byte is the primary result code.
  const number = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : null;
  return number === kind.number || (number === null && error.message.includes(kind.text));
}

/** Whether somebody else holds the file's lock. */
function isLocked(error: unknown): boolean {
  return is(error, locked);
}

/** For a file that SQLite cannot read. `detail` says what was found. */
export function damagedError(path: string, detail: string, cause?: unknown): BotyardError {
  return new BotyardError(
    "internal",
    `the database ${path} is damaged (${detail}); it was left as it is and nothing was overwritten`,
    {
      fix: `stop the service, keep a copy of ${path}, put back a backup of it; or try: sqlite3 ${path} .recover`,
      cause,
    },
  );
}

/** Gives what SQLite threw a sentence: what happened, what is kept, what to do. */
export function toStoreError(error: unknown, path: string): BotyardError {
  if (isBotyardError(error)) return error;
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (is(error, full) || code === "ENOSPC" || code === "EDQUOT") {
    return new BotyardError(
      "internal",
      `the disk that holds ${path} is full; this was not stored, everything stored before is kept`,
      { fix: "make room on that disk; the service goes on by itself", cause: error },
    );
  }
  if (damaged.some((kind) => is(error, kind))) return damagedError(path, textOf(error), error);
  if (isLocked(error)) {
    return new BotyardError("conflict", `another program holds the database ${path}; nothing was stored`, {
      fix: "end the program that has it open (another botyard, sqlite3, a backup), then try again",
      cause: error,
    });
  }
  if (is(error, readOnly) || code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new BotyardError(
      "internal",
      `the database ${path} cannot be read and written by this user; nothing was stored`,
      {
        fix: `give this user the right to read and write ${path} and its folder`,
        cause: error,
      },
    );
  }
  return new BotyardError("internal", `the database ${path} failed: ${textOf(error)}; this was not stored`, {
    cause: error,
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
