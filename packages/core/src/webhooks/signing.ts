import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
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

/** Secrets that sign now: all that have not expired, newest first. */
export function signingSecrets(sealer: Sealer, record: WebhookRecord, now: number): readonly string[] {
  return record.secrets
    .filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > now)
    .map((secret) => openSecret(sealer, record.name, secret));
}

/**
 * Headers of Standard Webhooks 1.0. Several secrets make several signatures, parted by a space.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatureHeaders(
  secrets: readonly string[],
  message: { readonly id: string; readonly body: string; readonly now: number },
): Record<string, string> {
  const at = new Date(message.now);
  return {
    "webhook-id": message.id,
    "webhook-timestamp": String(Math.floor(message.now / 1000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(message.id, at, message.body)).join(" "),
  };
}
