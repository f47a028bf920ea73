import { join } from "node:path";
import { BotyardError } from "@botyard/sdk";
import { decrypt, encrypt, newSealKey, type SealKey } from "./cipher.ts";
import { createKeyFile, readKeyFile } from "./key-file.ts";
import type { Sealer } from "./types.ts";

/** A kept secret, with the name it was sealed under: `credential chat/helper bot-token`. People see it. */
export interface SealedRecord {
  readonly name: string;
  readonly sealed: string;
}

/** `BOTYARD_SEAL_FILE`, else `seal.key` in the data directory. */
export function sealFileOf(dataDirectory: string, env: Readonly<Record<string, string | undefined>>): string {
  return env["BOTYARD_SEAL_FILE"] || join(dataDirectory, "seal.key");
}

/**
 * A sealer over a key file: AES-256-GCM with the record's name as associated data. Protects copies and backups of the
 * database, not a machine somebody else has got into.
 * `sealed` are all secrets that are kept: each is tried at once, so that a lost or wrong key is
 * found at the start. The file is made (0600) when something is sealed for the first time, and never while sealed
 * secrets exist. Throws `internal` naming the unreadable ones; nothing is ever overwritten.
 */
export function openSealer(options: { readonly file: string; readonly sealed: readonly SealedRecord[] }): Sealer {
  const { file, sealed } = options;
  let key = readKeyFile(file);
  if (!key && sealed.length > 0) throw lostError(file, sealed);
  if (key) {
    const found = key;
    const unopened = sealed.filter(
      ({ name, sealed: text }) => !Buffer.isBuffer(decrypt(found, name, fromBase64(text))),
    );
    if (unopened.length > 0) throw wrongError(file, unopened, sealed.length);
  }
  return createSealer(() => (key ??= readKeyFile(file) ?? createKeyFile(file)));
}

/** A sealer whose key ends with the process: for the memory store. */
export function createMemorySealer(): Sealer {
  const key = newSealKey();
  return createSealer(() => key);
}

function createSealer(keyOf: () => SealKey): Sealer {
  const openBytes = (name: string, sealed: Uint8Array): Buffer => {
    const plain = decrypt(keyOf(), name, sealed);
    if (plain === "other-key") {
      throw new BotyardError("internal", `"${name}" was sealed with another key and cannot be read`, {
        fix: "put back the seal key file it was sealed with (BOTYARD_SEAL_FILE)",
      });
    }
    if (plain === "damaged") throw new BotyardError("internal", `the sealed "${name}" is damaged and cannot be read`);
    return plain;
  };
  return {
    seal: (name, secret) => encrypt(keyOf(), name, Buffer.from(secret)).toString("base64"),
    open: (name, sealed) => openBytes(name, fromBase64(sealed)).toString(),
    sealBytes: (name, bytes) => encrypt(keyOf(), name, bytes),
    openBytes,
  };
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, "base64");
}

const shown = 20;

function listOf(records: readonly SealedRecord[]): string {
  const names = records.slice(0, shown).map(({ name }) => name);
  const more = records.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function lostError(file: string, records: readonly SealedRecord[]): BotyardError {
  return new BotyardError(
    "internal",
    `the seal key file ${file} is missing; unreadable without it: ${listOf(records)}. No new key was made and nothing was overwritten`,
    { fix: `put back a copy of ${file}, or point BOTYARD_SEAL_FILE to one` },
  );
}

function wrongError(file: string, records: readonly SealedRecord[], all: number): BotyardError {
  const how =
    records.length === all ? "is not the one these secrets were sealed with" : "does not open some of the secrets";
  return new BotyardError(
    "internal",
    `the seal key in ${file} ${how}; unreadable: ${listOf(records)}. Nothing was overwritten`,
    { fix: "put back the key file that belongs to this data directory, or point BOTYARD_SEAL_FILE to it" },
  );
}
