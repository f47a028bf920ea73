import { randomBytes } from "node:crypto";
import { type Event, isBotyardError } from "@botyard/sdk";
import { Webhook } from "standardwebhooks";
import { usage } from "./args/parse.ts";
import { readSecret } from "./args/secret.ts";
import type { Session } from "./session.ts";

const timeoutMs = 15_000;

/** Posts an event once and says what came of it; the next one goes out whatever that was. */
export type Forward = (event: Event) => Promise<void>;

function signed(webhook: Webhook, event: Event, body: string): Record<string, string> {
  const now = new Date();
  return {
    "content-type": "application/json",
    "webhook-id": event.id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": webhook.sign(event.id, now, body),
  };
}

function reasonOf(error: unknown): string {
  if (isBotyardError(error)) return error.message;
  const { name, message } = error as { name?: string; message?: string };
  return name === "TimeoutError" ? `no answer in ${timeoutMs / 1000} s` : (message ?? "no answer");
}

/**
 * What `--forward-to` does with each event: a post by Standard Webhooks 1.0, once and in order. Undefined where it was
 * not asked for.
 */
export async function forwarding(
  url: string | undefined,
  given: string | undefined,
  { io, note }: Session,
): Promise<Forward | undefined> {
  if (url === undefined) {
    if (given !== undefined)
      throw usage("--secret signs what --forward-to sends", "--forward-to http://localhost:3000");
    return undefined;
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw usage("--forward-to expects an address like http://localhost:3000/hook");
  const secret =
    given === undefined ? `whsec_${randomBytes(24).toString("base64")}` : await readSecret(given, "--secret", io);
  if (!/^whsec_[A-Za-z0-9+/]+=*$/.test(secret)) throw usage("--secret expects a webhook's secret: whsec_…");
  const webhook = new Webhook(secret);
  note(`forwarding to ${url}${given === undefined ? `, signed with ${secret}` : ""}`);
  return async (event) => {
    const body = JSON.stringify(event);
    const started = Date.now();
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: signed(webhook, event, body),
        body,
        redirect: "manual",
        signal: AbortSignal.any([io.signal, AbortSignal.timeout(timeoutMs)]),
      });
      await response.body?.cancel();
      io.err(`  → ${response.status} in ${Date.now() - started} ms  ${event.id}\n`);
    } catch (error) {
      if (io.signal.aborted) return;
      io.err(`  ✗ ${reasonOf(error)}  ${event.id}\n`);
    }
  };
}
