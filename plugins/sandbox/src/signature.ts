import { timingSafeEqual } from "node:crypto";

const encoder = new TextEncoder();

/** HMAC-SHA256 over the random text and the body, in hex. */
export async function sign(secret: string, random: string, body: Uint8Array): Promise<string> {
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const head = encoder.encode(random);
  const all = new Uint8Array(head.byteLength + body.byteLength);
  all.set(head);
  all.set(body, head.byteLength);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, all));
  return [...mac].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const randomHeader = "x-sandbox-random";
export const signatureHeader = "x-sandbox-signature";

/** Takes the same time wherever they differ. */
export async function isSignedBy(
  secret: string,
  random: string,
  body: Uint8Array,
  signature: string,
): Promise<boolean> {
  const wanted = encoder.encode(await sign(secret, random, body));
  const given = encoder.encode(signature);
  return wanted.byteLength === given.byteLength && timingSafeEqual(wanted, given);
}
