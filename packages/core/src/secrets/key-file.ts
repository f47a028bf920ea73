import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { BotyardError } from "@botyard/sdk";
import { newSealKey, type SealKey } from "./cipher.ts";

// One line: botyard-seal-1 <32 bytes, base64>
const label = "botyard-seal-1";
const line = new RegExp(`^${label} ([A-Za-z0-9+/]{43}=)\\s*$`);

/** The key of a file; null where there is none. Throws `internal` for a file that holds no key, or cannot be read. */
export function readKeyFile(file: string): SealKey | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw new BotyardError("internal", `the seal key file ${file} cannot be read (${codeOf(error)})`, {
      fix: `give this user the right to read ${file}`,
      cause: error,
    });
  }
  const key = line.exec(text)?.[1];
  if (key === undefined) {
    throw new BotyardError(
      "internal",
      `the seal key file ${file} holds no key of Botyard; it was left as it is and no secret was changed`,
      { fix: `put back a copy of it, or point BOTYARD_SEAL_FILE to one` },
    );
  }
  return Buffer.from(key, "base64");
}

/** Makes the file, 0600, with a new key; the key of another process that was faster is taken instead. */
export function createKeyFile(file: string): SealKey {
  const key = newSealKey();
  const unfinished = `${file}.${process.pid}`;
  try {
    // Written whole before it has its name, so that nobody ever reads half a key.
    writeFileSync(unfinished, `${label} ${Buffer.from(key).toString("base64")}\n`, { mode: 0o600, flush: true });
    linkSync(unfinished, file);
    return key;
  } catch (error) {
    const other = codeOf(error) === "EEXIST" ? readKeyFile(file) : null;
    if (other) return other;
    throw new BotyardError(
      "internal",
      `the seal key file ${file} cannot be made (${codeOf(error)}); nothing was sealed`,
      {
        fix: "make its folder writable for this user, or point BOTYARD_SEAL_FILE elsewhere",
        cause: error,
      },
    );
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
