import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

// A sealed value: version (1 byte), id of the key (4), nonce (12), AES-256-GCM text, tag (16).
const version = 1;
const sizes = { key: 32, id: 4, nonce: 12, tag: 16 };
const algorithm = "aes-256-gcm";

/** 32 bytes. */
export type SealKey = Uint8Array;

export function newSealKey(): SealKey {
  return randomBytes(sizes.key);
}

/** A key is looked at for every secret and every intake that is kept, and never changes. */
const headers = new WeakMap<SealKey, Buffer>();

/** Version and id of the key. */
function header(key: SealKey): Buffer {
  const known = headers.get(key);
  if (known) return known;
  const id = createHash("sha256").update(key).digest().subarray(0, sizes.id);
  const made = Buffer.concat([Buffer.of(version), id]);
  headers.set(key, made);
  return made;
}

// One call of the system for many nonces; none is ever given out twice.
const nonces = { pool: Buffer.alloc(0), used: 0 };

function newNonce(): Buffer {
  if (nonces.used >= nonces.pool.length) {
    nonces.pool = randomBytes(sizes.nonce * 256);
    nonces.used = 0;
  }
  const nonce = nonces.pool.subarray(nonces.used, nonces.used + sizes.nonce);
  nonces.used += sizes.nonce;
  return nonce;
}

let named = { name: "", bytes: Buffer.alloc(0) };

/** Intakes of one connection follow each other, all under its name. */
function bytesOf(name: string): Buffer {
  if (name !== named.name) named = { name, bytes: Buffer.from(name) };
  return named.bytes;
}

/** The name is bound to the value: it opens under that name only. */
export function encrypt(key: SealKey, name: string, plain: Uint8Array): Buffer {
  const nonce = newNonce();
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(bytesOf(name));
  const text = cipher.update(plain);
  // In this mode nothing is left for the end.
  cipher.final();
  return Buffer.concat([header(key), nonce, text, cipher.getAuthTag()]);
}

/** Why a value does not open: sealed with another key, or damaged (or sealed under another name). */
export type Unopened = "other-key" | "damaged";

export function decrypt(key: SealKey, name: string, sealed: Uint8Array): Buffer | Unopened {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const start = 1 + sizes.id;
  if (bytes.length < start + sizes.nonce + sizes.tag || bytes[0] !== version) return "damaged";
  if (!bytes.subarray(0, start).equals(header(key))) return "other-key";
  const nonce = bytes.subarray(start, start + sizes.nonce);
  const text = bytes.subarray(start + sizes.nonce, bytes.length - sizes.tag);
  try {
    const cipher = createDecipheriv(algorithm, key, nonce, { authTagLength: sizes.tag })
      .setAAD(Buffer.from(name))
      .setAuthTag(bytes.subarray(bytes.length - sizes.tag));
    return Buffer.concat([cipher.update(text), cipher.final()]);
  } catch {
    return "damaged";
  }
}
