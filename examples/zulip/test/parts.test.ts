import { BotyardError, NativeId, type Content } from "@botyard/sdk";
import { createWorld, readAll, streamOf } from "@botyard/testing";
import * as v from "valibot";
import { expect, test } from "vitest";
import { decodeMentions } from "../src/decode.ts";
import { toCode, toEmoji } from "../src/emoji.ts";
import { encodeContent } from "../src/encode.ts";
import platform from "../src/index.ts";
import { limits } from "../src/limits.ts";
import { multipart } from "../src/multipart.ts";
import { fromRoomId, toRoomId } from "../src/places.ts";
import { addStream } from "../src/simulator/model.ts";
import { zuliprc } from "../src/zuliprc.ts";
import { zulipPlace } from "./place.ts";

test("a room's id says where it leads, whatever the topic is called", () => {
  for (const topic of ["lobby", "", "../..", "50% > half", "日本語", "a:b"]) {
    const place = { kind: "topic", stream: 12, topic } as const;
    expect(fromRoomId(toRoomId(place))).toEqual(place);
    expect(v.is(NativeId, toRoomId(place)), "an id that the core takes").toBe(true);
  }
  expect(fromRoomId("dm:9,31")).toEqual({ kind: "direct", users: [9, 31] });
  expect(toRoomId({ kind: "direct", users: [31, 9] })).toBe("dm:9,31");
  for (const id of ["general", "dm:", "12:%", "-1", ""]) expect(fromRoomId(id), id).toBeNull();
});

test("emoji are named by their code points, without the variation selector", () => {
  expect([toCode("👍"), toCode("❤️")]).toEqual(["1f44d", "2764"]);
  const reaction = { emoji_name: "heart", emoji_code: "2764", reaction_type: "unicode_emoji", user_id: 1 } as const;
  expect(toEmoji(reaction)).toBe("❤");
  expect(toEmoji({ ...reaction, reaction_type: "realm_emoji", emoji_name: "parrot" })).toBe(":parrot:");
});

test("mentions name people by id, everybody by word, and silent ones nobody", async () => {
  const alice = { user_id: 9, full_name: "Alice" } as never;
  const directory = {
    user: async () => undefined,
    byName: async (name: string) => (name === "Alice" ? alice : undefined),
    all: async () => [],
  };
  const text = "@**Alice** @**Bob|31** @_**Alice** @**all** @**Nobody**";
  const found = await decodeMentions(text, directory);
  expect(found.map(({ kind, id, offset, length }) => [kind, id, text.slice(offset, offset + length)])).toEqual([
    ["user", "9", "@**Alice**"],
    ["user", "31", "@**Bob|31**"],
    ["room", undefined, "@**all**"],
  ]);
});

test("a file is a link in the text, and stays one when the content is sent again", () => {
  const file = { id: "2/ab/c/plan.txt", name: "pl[a]n.txt" };
  const text = encodeContent("see", [file]);
  expect(text).toBe("see\n[plan.txt](/user_uploads/2/ab/c/plan.txt)");
  expect(encodeContent(text, [file])).toBe(text);
});

test("a form with a file is read as one", async () => {
  const file = { body: streamOf(Uint8Array.of(1, 2, 3)), type: "image/png" };
  const { body, type } = multipart({ field: "file", name: 'a"b\r\nc.png', file });
  const sent = await readAll(body);
  const [, boundary = ""] = type.split("boundary=");
  expect(new TextDecoder().decode(sent.subarray(-boundary.length - 8))).toBe(`\r\n--${boundary}--\r\n`);
  const form = await new Response(new Uint8Array(sent), {
    headers: { "content-type": type },
  }).formData();
  const part = form.get("file");
  if (part === null || typeof part === "string") throw new Error("there is no file");
  expect([part.type, [...new Uint8Array(await part.arrayBuffer())]]).toEqual(["image/png", [1, 2, 3]]);
});

test("what an answer says of the limit holds for the account that asked", () => {
  const { bucket, learn } = limits(() => 1_000_000);
  const request = { method: "GET", path: "/api/v1/messages", bucket: "bot/helper" } as const;
  expect(bucket(request)).toBe("bot/helper");
  const headers = { "x-ratelimit-remaining": "7", "x-ratelimit-reset": "1012" };
  expect(learn(request, { status: 200, headers })).toEqual({ bucket: "bot/helper", remaining: 7, resetMs: 12_000 });
  const late = { ...headers, "retry-after": "28.7" };
  expect(learn(request, { status: 429, headers: late })).toEqual({ bucket: "bot/helper", pauseMs: 28_700 });
  expect(learn(request, { status: 200, headers: {} })).toBeNull();
});

test("a zuliprc is read, and what is none is refused without its text", async () => {
  const read = await zuliprc.read("[api]\nemail=iago@chat.example.org\nkey=abcd1234\nsite=https://chat.example.org\n");
  expect(read).toEqual({
    credentials: { "admin-key": "iago@chat.example.org:abcd1234" },
    url: "https://chat.example.org",
  });
  const refused = (() => {
    try {
      return zuliprc.read("key=secret1234");
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(BotyardError);
  expect(String(refused)).not.toContain("secret1234");
});

test("what the contract suite does not ask for: topics, files in messages, presence, changed names", async () => {
  const place = zulipPlace();
  const { zulip } = place;
  const world = await createWorld({ platform, place });
  try {
    const made = await world.call("bots.create", { handle: "helper" });
    expect(made).toMatchObject({ username: "helper-bot", changed: [{ field: "username", given: "helper-bot" }] });
    await world.call("rooms.add-bot", { room: "general", bot: "helper" });
    await world.refused("conflict", "bots.create", { handle: "other", username: "helper" });

    await world.call("messages.send", { room: "general", as: "helper", text: "to all", options: { topic: "news" } });
    await world.call("messages.send", { room: "general", as: "helper", text: "to a default" });
    const { value } = await world.invoke("zulip.list-topics", { room: "general" });
    const { items } = value as { readonly items: readonly { readonly name: string; readonly room: string }[] };
    expect(items.map(({ name }) => name)).toEqual(["bots", "news", "lobby"]);

    const secret = addStream(zulip.world, "secret", "", true);
    const { items: rooms } = await world.call("rooms.list", {});
    expect(rooms.map(({ handle }) => handle)).toContain("secret");
    await world.refused("forbidden", "zulip.list-topics", { room: String(secret.stream_id) });

    const file = { body: streamOf(new TextEncoder().encode("plan")), type: "text/plain", size: 4 };
    const kept = await world.call("files.upload", { as: "helper", name: "plan.txt", file });
    const { message } = await world.call("messages.send", {
      room: "general>news",
      as: "helper",
      text: "see",
      files: [kept],
    });
    const sent = await world.call("messages.get", { room: "general>news", as: "helper", message: message ?? "" });
    const { files, format }: Content = sent.content;
    expect([format, files.map(({ id }) => id)]).toEqual(["markdown", [kept.id]]);
    const again = await world.call("messages.send", { room: "general>news", as: "helper", ...sent.content });
    expect(again.status).toBe("sent");

    const alice = [...zulip.world.users.values()].find(({ full_name }) => full_name === "Alice");
    const user = String(alice?.user_id);
    expect(await world.call("presence.get", { user })).toEqual({ presence: "offline", text: null });
    zulip.world.presence.set(Number(user), { status: "active", timestamp: Math.floor(Date.now() / 1000) });
    zulip.world.status.set(Number(user), "in a call");
    expect(await world.call("presence.get", { user })).toEqual({ presence: "online", text: "in a call" });
    await world.refused("unsupported", "presence.get", { user: made.nativeId ?? "" });
  } finally {
    await world.close();
  }
});
