import { createHash, randomBytes } from "node:crypto";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz";
const shape = /^by_([0-9A-Za-z]{32})([0-9a-f]{6})$/;

const checksum = (body: string): string => createHash("sha256").update(`botyard-key:${body}`).digest("hex").slice(0, 6);

/** SHA-256 of a key, hex: what is stored. */
export function hashKey(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** `by_` + 32 random characters + checksum: found by secret scanners, told from a typing error without a look-up. */
export function makeKeyText(): string {
  const body = Array.from(randomBytes(64), (byte) => (byte < 216 ? alphabet[byte % alphabet.length] : ""))
    .join("")
    .slice(0, 32);
  return body.length === 32 ? `by_${body}${checksum(body)}` : makeKeyText();
}

export function isKeyText(text: string): boolean {
  const match = shape.exec(text);
  return match !== null && checksum(match[1] ?? "") === match[2];
}
