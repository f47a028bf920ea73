import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * Standard Webhooks 1.0 as a receiver without any library checks it: another hand than the one that signs.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function verifyWebhook(secret: string, headers: Readonly<Record<string, string>>, body: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const text = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const wanted = createHmac("sha256", key).update(text).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((part) => {
    const [version, signature = ""] = part.split(",", 2);
    const given = Buffer.from(signature, "base64");
    return version === "v1" && given.byteLength === wanted.byteLength && timingSafeEqual(given, wanted);
  });
}

/** Lines of a request's head as the headers they are. */
export function headersOf(head: string): Readonly<Record<string, string>> {
  const lines = head.split("\r\n").flatMap((line) => {
    const [, name, value] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value] as const];
  });
  return Object.fromEntries(lines);
}
