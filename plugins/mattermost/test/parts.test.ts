import { expect, test } from "vitest";
import { fromEmojiName, isSameEmoji, toEmojiName } from "../src/emoji.ts";
import { checkUsername, toSlug } from "../src/ids.ts";
import { limits } from "../src/limits.ts";
import { splitText, toPlain } from "../src/markdown.ts";
import { decodeMentions } from "../src/decode.ts";
import { toError } from "../src/request.ts";
import { hook } from "./recordings.ts";

test("marks are taken away, words stay", () => {
  expect(toPlain("**bold** _it_ `code` [link](http://x) ~~no~~ snake_case 2*3*4")).toBe(
    "bold it code link no snake_case 2*3*4",
  );
  expect(toPlain("# Head\n> quote\n```js\nlet a\n```")).toBe("Head\nquote\nlet a\n");
});

test("a split never cuts a character, keeps within the limit, and closes code", () => {
  const long = `${"😀".repeat(30)}\n\`\`\`js\n${"x = 1;\n".repeat(20)}\`\`\``;
  const parts = splitText(long, 50);
  expect(parts.every((part) => [...part].length <= 50)).toBe(true);
  for (const part of parts) expect((part.match(/^```/gm) ?? []).length % 2).toBe(0);
  expect(parts.join("").match(/x = 1;/g)).toHaveLength(20);
});

test("emoji by name and in Unicode, both ways", () => {
  expect(toEmojiName("👍")).toBe("+1");
  expect(toEmojiName("❤️")).toBe(toEmojiName("❤"));
  expect(fromEmojiName("tada")).toBe("🎉");
  expect(toEmojiName(":shipit:")).toBe("shipit");
  expect(fromEmojiName("no_such_one")).toBe(":no_such_one:");
  expect(isSameEmoji("+1", "thumbsup")).toBe(true);
  expect(() => toEmojiName("two words")).toThrow(expect.objectContaining({ code: "invalid" }));
});

test("mentions are known names, at their places, without the full stop behind them", () => {
  const ids: Readonly<Record<string, string>> = { helper: "h", "dot.name": "d" };
  const found = decodeMentions("hi @helper. and @dot.name, a@helper.org @nobody @here!", (name) => ids[name]);
  expect(found).toEqual([
    { kind: "user", id: "h", offset: 3, length: 7 },
    { kind: "user", id: "d", offset: 16, length: 9 },
    { kind: "room", offset: 48, length: 5 },
  ]);
});

test.each([
  ["a", true],
  ["1", true],
  ["-", true],
  ["x".repeat(64), true],
  ["x".repeat(65), false],
  ["Upper", false],
  ["all", false],
  ["end.", false],
  ["", false],
])("username %s: %s", (name, good) => expect(checkUsername(name) === undefined).toBe(good));

test("a server that wants tokens to end says how, as documented", () => {
  const json = { id: "api.user.create_user_access_token.expires_at_required.app_error", message: "", status_code: 400 };
  const error = toError("POST", { status: 400, headers: {}, json, text: "" });
  expect(error).toMatchObject({ code: "invalid", message: "this server wants tokens to end within a number of days" });
  expect(error.details.fix).toBe("botyard connections update <connection> -o tokenDays=<days>");
});

test("names of channels in addresses", () => {
  expect(toSlug("Build & Test")).toBe("build-test");
  expect(toSlug("Ü")).toBe("room-u");
  expect(toSlug("Größe")).toBe("grosse");
  expect(toSlug("x".repeat(80))).toBe("x".repeat(64));
  // What cannot be spelled so has a name of its own, the same each time.
  const [first, second] = [toSlug("会議"), toSlug("開発")];
  expect(first).toMatch(/^room-[0-9a-f]{8}$/);
  expect(second).not.toBe(first);
  expect(toSlug("会議")).toBe(first);
  expect(toSlug("会議 v2")).toMatch(/^v2-[0-9a-f]{8}$/);
});

test("limits: nothing where the limiter is off, a pause for 429 and for an empty budget", () => {
  const request = { method: "GET", path: "/" } as const;
  const learn = (status: number, headers: Record<string, string>) => limits.learn(request, { status, headers });
  expect(learn(200, {})).toBeNull();
  expect(learn(429, { "retry-after": "2" })).toEqual({ bucket: "", pauseMs: 2_000 });
  const budget = { "x-ratelimit-limit": "101", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "10" };
  expect(learn(200, budget)).toEqual({ bucket: "", remaining: 1, pauseMs: 100 });
});

test("recorded requests of the server are of the kinds we read", () => {
  expect(hook("409-command-call-form").request.raw_body).toContain("command=%2Fyard");
  expect(JSON.parse(hook("434-action-call-button").request.raw_body)).toMatchObject({
    type: "button",
    context: { n: 1 },
  });
});
