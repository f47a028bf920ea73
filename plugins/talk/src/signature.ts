import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * HMAC-SHA256, lower hex. The bytes differ by direction: a webhook is signed over `random + raw body`, a bot's call over
 * `random + message text` (or the emoji), never over its body.
 *
 * @see https://nextcloud-talk.readthedocs.io/en/stable/bots/ (Talk 21.1)
 */
export function sign(secret: string, random: string, signed: string | Uint8Array): string {
  return hmac(secret, random, signed).toString("hex");
}

function hmac(secret: string, random: string, signed: string | Uint8Array): Buffer {
  return createHmac("sha256", secret).update(random).update(signed).digest();
}

/** Compares in constant time. Either case of hex is right, as on the server's side. */
export function isSigned(secret: string, random: string, signed: string | Uint8Array, signature: string): boolean {
  if (!/^[0-9a-f]{64}$/i.test(signature)) return false;
  return timingSafeEqual(hmac(secret, random, signed), Buffer.from(signature, "hex"));
}

/** 64 hex characters: Talk takes secrets of 40 to 128 bytes, and randoms of 32 or more. */
export function newSecret(): string {
  return randomBytes(32).toString("hex");
}

/** How Talk names the author of a bot's messages: `sha1` of its URL. */
export function urlHash(url: string): string {
  return createHash("sha1").update(url).digest("hex");
}

/** `bots/bot-<sha1 of the URL>`: the id under which a bot's messages and events appear. */
export function authorOf(url: string): string {
  return `bots/bot-${urlHash(url)}`;
}
