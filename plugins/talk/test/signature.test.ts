import { describe, expect, test } from "vitest";
import { isSigned, sign, urlHash } from "../src/signature.ts";
import { objectOf, textOf } from "../src/wire.ts";
import { headerOf, isHttp, recordings, webhooks } from "./recordings.ts";

const whole = webhooks.filter(({ cut }) => cut === undefined);

describe("every recorded webhook was signed over random and raw body", () => {
  test.each(whole.map((webhook) => [webhook.name, webhook] as const))("%s", (_, webhook) => {
    const { shared_secret: secret } = webhook;
    const random = headerOf(webhook, "X-Nextcloud-Talk-Random");
    const signature = headerOf(webhook, "X-Nextcloud-Talk-Signature");
    const body = new TextEncoder().encode(webhook.request.raw_body);
    expect(isSigned(secret, random, body, signature)).toBe(true);
    expect(isSigned(secret, random, body, signature.toUpperCase())).toBe(true);
    expect(isSigned(`${secret}x`, random, body, signature)).toBe(false);
    expect(isSigned(secret, `${random}x`, body, signature)).toBe(false);
    const changed = Uint8Array.from(body);
    changed[body.length - 2] = (changed[body.length - 2] ?? 0) ^ 1;
    expect(isSigned(secret, random, changed, signature)).toBe(false);
  });

  test("all but those whose body was cut when they were recorded", () => {
    expect(whole.length).toBeGreaterThan(80);
    expect(webhooks.filter(({ cut }) => cut !== undefined).map(({ name }) => name)).toEqual([
      "330-webhook-32000-multibyte",
      "342-webhook-16000-emoji",
      "344-webhook-32000-emoji",
      "346-webhook-32000-emoji-reply",
    ]);
  });
});

describe("every accepted bot call was signed over random and text, not over its body", () => {
  const secrets = [...new Set(webhooks.map(({ shared_secret: secret }) => secret))];
  const calls = recordings
    .filter(isHttp)
    .filter(
      ({ request, response }) =>
        /\/bot\/[a-z0-9]+\/(?:message|reaction\/)/.test(request.url) &&
        (response.status === 201 || response.status === 200),
    )
    .filter(({ request }) => "X-Nextcloud-Talk-Bot-Signature" in request.headers && request.body_cut === undefined);

  test.each(calls.map((call) => [call.name, call] as const))("%s", (_, { request }) => {
    const random = request.headers["X-Nextcloud-Talk-Bot-Random"] ?? "";
    const signature = request.headers["X-Nextcloud-Talk-Bot-Signature"] ?? "";
    const query = new URL(request.url).searchParams;
    const type = request.headers["Content-Type"] ?? "";
    const form = type.includes("form") ? new URLSearchParams(request.body ?? "") : query;
    const body = type.includes("json") && request.body ? (JSON.parse(request.body) as Record<string, unknown>) : {};
    const text = textOf(body["message"] ?? body["reaction"] ?? form.get("message") ?? query.get("reaction"));
    expect(secrets.some((secret) => isSigned(secret, random, text, signature))).toBe(true);
    expect(secrets.some((secret) => isSigned(secret, random, request.body ?? "", signature))).toBe(false);
  });

  test("there are many of them", () => expect(calls.length).toBeGreaterThan(20));
});

test.each(["", "0", "zz".repeat(32), "ab".repeat(31), "ab".repeat(33)])("%j is no signature", (signature) => {
  expect(isSigned("s".repeat(40), "r".repeat(64), "text", signature)).toBe(false);
});

test("text is signed as UTF-8", () => {
  const bytes = new TextEncoder().encode("zażółć 🎉");
  expect(sign("secret", "random", "zażółć 🎉")).toBe(sign("secret", "random", bytes));
});

test("a bot writes under the sha1 of its URL", () => {
  const [join] = webhooks.filter(({ number }) => number === 46);
  const { id } = objectOf(objectOf(join?.request.json)["actor"]);
  expect(`bots/bot-${urlHash("http://127.0.0.1:9099/hook/main")}`).toBe(id);
});
