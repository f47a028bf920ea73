import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { Sealer } from "../secrets/types.ts";
import type { WebhookRecord, WebhookSecret } from "../store/types.ts";

/** Name a webhook's secret is sealed under: `webhook tickets 01KB…`. */
export const webhookSealName = (webhook: string, id: string): string => `webhook ${webhook} ${id}`;

/** `whsec_` and 32 random bytes in base64. */
export function makeSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

function openSecret(sealer: Sealer, webhook: string, secret: WebhookSecret): string {
  return sealer.open(webhookSealName(webhook, secret.id), secret.sealed);
}

/** A secret that signs, as a key that need not be read again for each message. */
export type SigningKey = KeyObject;

/** The keys of a record: opened once for each version of it, and again when one of its secrets has expired. */
export function createSigning(sealer: Sealer): (record: WebhookRecord, now: number) => readonly SigningKey[] {
  const known = new WeakMap<WebhookRecord, { readonly keys: readonly SigningKey[]; readonly until: number }>();
  return (record, now) => {
    const before = known.get(record);
    if (before && now < before.until) return before.keys;
    const ends = record.secrets.map(({ expiresAt }) => (expiresAt === null ? Infinity : Date.parse(expiresAt)));
    const keys = signingKeys(sealer, record, now);
    known.set(record, { keys, until: Math.min(Infinity, ...ends.filter((at) => at > now)) });
    return keys;
  };
}

/** Secrets that sign now: all that have not expired, newest first. */
function signingKeys(sealer: Sealer, record: WebhookRecord, now: number): readonly SigningKey[] {
  return record.secrets
    .filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > now)
    .map((secret) => keyOf(openSecret(sealer, record.name, secret)));
}

/** Of a secret's text: `whsec_…`. */
export function keyOf(secret: string): SigningKey {
  return createSecretKey(Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
}

/**
 * Headers of Standard Webhooks 1.0, as lines of a request's head. Several secrets make several signatures, parted by a
 * space. The tests hold them against the library `standardwebhooks`, whose own `sign` takes several times as long.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatureHead(
  keys: readonly SigningKey[],
  { id, body, now }: { readonly id: string; readonly body: string; readonly now: number },
): string {
  const at = Math.floor(now / 1000);
  const text = `${id}.${at}.${body}`;
  let signatures = "";
  for (const key of keys)
    signatures += `${signatures === "" ? "" : " "}v1,${createHmac("sha256", key).update(text).digest("base64")}`;
  return `webhook-id: ${id}\r\nwebhook-timestamp: ${at}\r\nwebhook-signature: ${signatures}\r\n`;
}
