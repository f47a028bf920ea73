import { expect, test } from "vitest";
import { decodeEvent, toMessage } from "./decode.ts";
import type { JsonObject, WireEvent } from "./wire.ts";

const event = (content: JsonObject, more: Partial<WireEvent> = {}): WireEvent => ({
  type: "m.room.message",
  event_id: "$e",
  room_id: "!r:hs",
  sender: "@a:hs",
  origin_server_ts: 1_795_166_435_217,
  content,
  ...more,
});

test("plain text", () => {
  expect(decodeEvent(event({ msgtype: "m.text", body: "hi" }))).toEqual({
    type: "message.created",
    key: { kind: "event", id: "$e" },
    time: "2026-11-20T09:20:35.217Z",
    room: { id: "!r:hs" },
    actor: { id: "@a:hs", kind: "user" },
    message: { id: "$e", thread: null, replyTo: null, editedAt: null },
    content: { text: "hi", format: "plain", plain: "hi", mentions: [], files: [] },
    native: { type: "m.room.message", eventId: "$e", msgtype: "m.text" },
  });
});

test("html, with pills where m.mentions says so", () => {
  const html = '<a href="https://matrix.to/#/%40bot%3Ahs">Bot</a>: <b>go</b>';
  const { content } = decodeEvent(
    event({
      body: "Bot: **go**",
      format: "org.matrix.custom.html",
      formatted_body: html,
      "m.mentions": { user_ids: ["@bot:hs", "@b:hs"] },
    }),
  );
  expect(content).toMatchObject({ format: "html", text: html, plain: "Bot: **go**" });
  expect(content?.mentions).toEqual([
    { kind: "user", id: "@bot:hs", offset: 0, length: html.indexOf(":", 40) },
    { kind: "user", id: "@b:hs", offset: 0, length: 0 },
  ]);
});

test.each([
  ["hey @bot:hs go", 4, 7],
  ["hey @bot go", 4, 4],
  ["hey bot go", 4, 3],
  ["hey you", 0, 0],
])("mention in %s", (body, offset, length) => {
  expect(decodeEvent(event({ body, "m.mentions": { user_ids: ["@bot:hs"] } })).content?.mentions).toEqual([
    { kind: "user", id: "@bot:hs", offset, length },
  ]);
});

test("a mention of the room, and none where the sender said so", () => {
  expect(decodeEvent(event({ body: "@room x", "m.mentions": { room: true } })).content?.mentions).toEqual([
    { kind: "room", offset: 0, length: 5 },
  ]);
  const html = {
    body: "x",
    format: "org.matrix.custom.html",
    formatted_body: '<a href="https://matrix.to/#/@b:hs">b</a>',
  };
  expect(decodeEvent(event({ ...html, "m.mentions": {} })).content?.mentions).toEqual([]);
  expect(decodeEvent(event(html)).content?.mentions).toEqual([{ kind: "user", id: "@b:hs", offset: 0, length: 41 }]);
});

test("replies, threads and fallbacks", () => {
  const reply = { "m.in_reply_to": { event_id: "$r" } };
  expect(decodeEvent(event({ body: "> <@a:hs> old\n> more\n\nnew", "m.relates_to": reply })).message).toMatchObject({
    replyTo: "$r",
    thread: null,
  });
  expect(decodeEvent(event({ body: "> <@a:hs> old\n> more\n\nnew", "m.relates_to": reply })).content?.text).toBe("new");
  const thread = { rel_type: "m.thread", event_id: "$t", ...reply };
  expect(decodeEvent(event({ body: "x", "m.relates_to": { ...thread, is_falling_back: true } })).message).toMatchObject(
    { thread: "$t", replyTo: null },
  );
  expect(decodeEvent(event({ body: "x", "m.relates_to": thread })).message).toMatchObject({
    thread: "$t",
    replyTo: "$r",
  });
  const html = {
    body: "x",
    format: "org.matrix.custom.html",
    formatted_body: "<mx-reply><blockquote>old</blockquote></mx-reply>new",
  };
  expect(decodeEvent(event(html)).content?.text).toBe("new");
});

test("an edit is an update of the message it replaces", () => {
  const edit = event({
    body: "* new",
    "m.new_content": { msgtype: "m.text", body: "new" },
    "m.relates_to": { rel_type: "m.replace", event_id: "$old" },
  });
  expect(decodeEvent(edit)).toMatchObject({
    type: "message.updated",
    key: { id: "$e" },
    message: { id: "$old", editedAt: "2026-11-20T09:20:35.217Z" },
    content: { text: "new" },
  });
});

test("files, with and without a caption", () => {
  const image = { msgtype: "m.image", body: "q.png", url: "mxc://hs/x", info: { mimetype: "image/png", size: 70 } };
  const files = [{ id: "mxc://hs/x", name: "q.png", mediaType: "image/png", size: 70 }];
  expect(decodeEvent(event(image)).content).toEqual({ text: "", format: "plain", plain: "", mentions: [], files });
  expect(decodeEvent(event({ ...image, body: "look", filename: "q.png" })).content).toMatchObject({
    text: "look",
    files,
  });
  expect(decodeEvent(event({ body: "s", url: "mxc://hs/x", info: {} }, { type: "m.sticker" })).content).toMatchObject({
    text: "s",
    files: [{ id: "mxc://hs/x", name: "s" }],
  });
});

test("reactions and redactions", () => {
  const reaction = event(
    { "m.relates_to": { rel_type: "m.annotation", event_id: "$m", key: "👍" } },
    { type: "m.reaction" },
  );
  expect(decodeEvent(reaction)).toMatchObject({
    type: "reaction.added",
    message: { id: "$m" },
    reaction: { emoji: "👍" },
  });
  const redaction = event({ redacts: "$x" }, { type: "m.room.redaction" });
  expect(decodeEvent(redaction)).toMatchObject({ type: "message.deleted", message: { id: "$x" } });
  expect(decodeEvent(event({}, { type: "m.room.redaction", redacts: "$x" }))).toMatchObject({
    type: "message.deleted",
    message: { id: "$x" },
  });
  expect(decodeEvent(redaction, { reaction: () => ({ message: "$m", emoji: "👍" }) })).toMatchObject({
    type: "reaction.removed",
    message: { id: "$m" },
    reaction: { emoji: "👍" },
  });
});

test.each([
  ["join", undefined, true, "member.joined", "joined"],
  ["join", "invite", true, "member.joined", "joined"],
  ["join", "join", true, "platform.unknown", "joined"],
  ["invite", undefined, false, "member.invited", "invited"],
  ["invite", "knock", false, "member.invited", "invited"],
  ["leave", "join", true, "member.left", "left"],
  ["leave", "join", false, "member.kicked", "kicked"],
  ["leave", "invite", true, "member.left", "left"],
  ["leave", "invite", false, "member.left", "left"],
  ["leave", "ban", false, "member.left", "left"],
  ["ban", "join", false, "member.banned", "banned"],
  ["ban", "ban", false, "platform.unknown", "banned"],
  ["knock", undefined, true, "platform.unknown", "knocking"],
])("membership %s after %s (own: %s)", (membership, before, own, type, state) => {
  const unsigned = before === undefined ? {} : { prev_content: { membership: before, displayname: "Bee" } };
  const decoded = decodeEvent(
    event({ membership }, { type: "m.room.member", state_key: "@b:hs", sender: own ? "@b:hs" : "@a:hs", unsigned }),
  );
  expect(decoded).toMatchObject({ type, member: { user: "@b:hs", membership: state } });
});

test("an invite brings the room's name", () => {
  const state = [{ type: "m.room.name", state_key: "", sender: "@a:hs", content: { name: "Ops" } }];
  const decoded = decodeEvent(
    event(
      { membership: "invite" },
      { type: "m.room.member", state_key: "@b:hs", unsigned: { invite_room_state: state } },
    ),
  );
  expect(decoded.room).toEqual({ id: "!r:hs", name: "Ops" });
});

test("state and what has no kind", () => {
  expect(decodeEvent(event({ room_version: "10" }, { type: "m.room.create", state_key: "" })).type).toBe(
    "room.created",
  );
  expect(decodeEvent(event({ name: "Ops" }, { type: "m.room.name", state_key: "" }))).toMatchObject({
    type: "room.updated",
    room: { name: "Ops" },
    native: { content: { name: "Ops" } },
  });
  expect(decodeEvent(event({ v: 1 }, { type: "org.x", state_key: "k" }))).toMatchObject({
    type: "platform.unknown",
    native: { type: "org.x", stateKey: "k", content: { v: 1 } },
  });
  expect(decodeEvent(event({ ciphertext: "x" }, { type: "m.room.encrypted" })).type).toBe("platform.unknown");
  expect(decodeEvent(event({ msgtype: "m.text" })).type).toBe("platform.unknown");
});

test("history shows a message with its newest edit, of its own sender only", () => {
  const edit = (sender: string) => ({ sender, origin_server_ts: 2000, content: { "m.new_content": { body: "new" } } });
  const edited = (sender: string) =>
    toMessage(event({ body: "old" }, { unsigned: { "m.relations": { "m.replace": edit(sender) } } }));
  expect(edited("@a:hs")).toMatchObject({ content: { text: "new" }, editedAt: "1970-01-01T00:00:02.000Z" });
  expect(edited("@b:hs")).toMatchObject({ content: { text: "old" }, editedAt: null });
  expect(toMessage(event({}))).toBeUndefined();
});

test("hostile text costs one pass", () => {
  const started = performance.now();
  for (const part of ["<a ", '<a href="https://matrix.to/#/@', "<mx-reply>", "&#", "<!--", "<script>"]) {
    decodeEvent(event({ body: "x", format: "org.matrix.custom.html", formatted_body: part.repeat(20_000) }));
    decodeEvent(event({ body: "", format: "org.matrix.custom.html", formatted_body: part.repeat(20_000) }));
  }
  expect(performance.now() - started).toBeLessThan(2000);
});
