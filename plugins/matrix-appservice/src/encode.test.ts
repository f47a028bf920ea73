import { expect, test } from "vitest";
import { decodeContent } from "./decode-content.ts";
import { encodeEdit, encodeMessage, encodeReaction } from "./encode.ts";
import { htmlToPlain } from "./html.ts";

test("plain text, with empty mentions, so that nothing is guessed", () => {
  expect(encodeMessage({ text: "a <b>" })).toEqual({ msgtype: "m.text", body: "a <b>", "m.mentions": {} });
  expect(encodeMessage({ text: "x", silent: true, msgtype: "m.emote" })).toMatchObject({ msgtype: "m.notice" });
  expect(encodeMessage({ text: "x", msgtype: "m.emote" })).toMatchObject({ msgtype: "m.emote" });
});

test.each([
  ["just words & <signs>", undefined],
  ["two\nlines", undefined],
  ["**b** and _i_", "<strong>b</strong> and <em>i</em>"],
  ["a <script>alert(1)</script> **b**", "a &lt;script&gt;alert(1)&lt;/script&gt; <strong>b</strong>"],
  ["[x](javascript:alert(1)) **b**", "x <strong>b</strong>"],
  ['[x](https://x.test/?a=1&b="2)', '<a href="https://x.test/?a=1&amp;b=&quot;2">x</a>'],
  ["![pic](https://x.test/a.png) **b**", "pic <strong>b</strong>"],
])("markdown %j", (text, html) => {
  expect(encodeMessage({ text, format: "markdown" })["formatted_body"]).toBe(html);
  expect(encodeMessage({ text, format: "markdown" })["body"]).toBe(text);
});

test("markdown blocks", () => {
  const html = encodeMessage({ text: "- a\n- b\n\n```js\nx<y\n```", format: "markdown" })["formatted_body"];
  expect(html).toContain("<li>a</li>");
  expect(html).toContain("x&lt;y");
});

test("html has a plain body beside it", () => {
  expect(
    encodeMessage({ text: "<p>Hello <b>you</b></p><ul><li>a</li><li>b &amp; c</li></ul>", format: "html" }),
  ).toMatchObject({
    body: "Hello you\n\n- a\n- b & c",
    format: "org.matrix.custom.html",
    formatted_body: "<p>Hello <b>you</b></p><ul><li>a</li><li>b &amp; c</li></ul>",
  });
});

test.each([
  ["a<br>b<br/>c", "a\nb\nc"],
  ["<script>x</script>a<!-- <b> -->b", "ab"],
  ["&lt;b&gt; &#65;&#x42; &nope; &#0;", "<b> AB &nope; &#0;"],
  ["<table><tr><td>a</td><td>b</td></tr></table>", "a\tb"],
  ["a < b", "a"],
  ["  a \n b  ", "a b"],
])("text of %j", (html, text) => {
  expect(htmlToPlain(html)).toBe(text);
});

test("mentions, replies, threads", () => {
  const mentions = [
    { kind: "user", id: "@a:hs", offset: 0, length: 1 },
    { kind: "room", offset: 0, length: 0 },
    { kind: "bot", id: "@a:hs", bot: "a", offset: 0, length: 1 },
  ] as const;
  expect(encodeMessage({ text: "x", mentions })["m.mentions"]).toEqual({ user_ids: ["@a:hs"], room: true });
  expect(encodeMessage({ text: "x", replyTo: "$r" })["m.relates_to"]).toEqual({ "m.in_reply_to": { event_id: "$r" } });
  expect(encodeMessage({ text: "x", thread: "$t" })["m.relates_to"]).toEqual({
    rel_type: "m.thread",
    event_id: "$t",
    is_falling_back: true,
    "m.in_reply_to": { event_id: "$t" },
  });
  expect(encodeMessage({ text: "x", thread: "$t", replyTo: "$r" })["m.relates_to"]).toEqual({
    rel_type: "m.thread",
    event_id: "$t",
    is_falling_back: false,
    "m.in_reply_to": { event_id: "$r" },
  });
});

test("a file, with a caption or by its name", () => {
  const files = [{ id: "mxc://hs/x", name: "a.png", mediaType: "image/png", size: 3 }];
  expect(encodeMessage({ text: "", files })).toEqual({
    msgtype: "m.image",
    body: "a.png",
    filename: "a.png",
    url: "mxc://hs/x",
    info: { mimetype: "image/png", size: 3 },
    "m.mentions": {},
  });
  expect(encodeMessage({ text: "look", files })).toMatchObject({ body: "look", filename: "a.png" });
});

test("edits and reactions", () => {
  expect(encodeEdit("$m", { text: "**n**", format: "markdown" })).toEqual({
    msgtype: "m.text",
    body: "* **n**",
    format: "org.matrix.custom.html",
    formatted_body: "* <strong>n</strong>",
    "m.mentions": {},
    "m.new_content": {
      msgtype: "m.text",
      body: "**n**",
      format: "org.matrix.custom.html",
      formatted_body: "<strong>n</strong>",
      "m.mentions": {},
    },
    "m.relates_to": { rel_type: "m.replace", event_id: "$m" },
  });
  expect(encodeReaction("$m", "👍")).toEqual({
    "m.relates_to": { rel_type: "m.annotation", event_id: "$m", key: "👍" },
  });
});

test("what is sent reads back as what was said", () => {
  for (const message of [
    { text: "plain <x>" },
    { text: "<b>x</b>", format: "html" as const },
    { text: "", files: [{ id: "mxc://hs/x", name: "a" }] },
  ]) {
    const back = decodeContent(encodeMessage(message));
    expect(back.text).toBe(message.text);
    expect(back.format).toBe(message.format ?? "plain");
    expect(back.files).toEqual(message.files ?? []);
  }
});
