import { expect, test } from "vitest";
import { call, createWorld, run } from "./world.ts";

const place = { connection: "matrix" };

async function talk(options: Parameters<typeof createWorld>[0] = {}) {
  const world = await createWorld(options);
  const helper = await world.bot("helper");
  const alice = world.person("alice");
  const { room_id: id } = await alice.call("POST", "/createRoom", { preset: "public_chat", name: "Ops" });
  const room = String(id);
  await run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "helper" }, call({ bot: helper }));
  const bodies = () =>
    world.hs.world.rooms
      .get(room)
      ?.events.filter(({ type }) => type === "m.room.message")
      .map(({ content }) => content["body"]) ?? [];
  const send = (text: string, made = call({ as: helper }), more = {}) =>
    run(world.session.operations["messages.send"], { ...place, room, text, ...more }, made);
  return { world, helper, alice, room, bodies, send };
}

test("text, HTML and markdown", async () => {
  const { world, room, send } = await talk();
  await send("plain");
  await send("<b>x</b>", undefined, { format: "html" });
  await send("**x**", undefined, { format: "markdown", options: { msgtype: "m.notice" } });
  const contents = world.hs.world.rooms
    .get(room)
    ?.events.filter(({ type }) => type === "m.room.message")
    .map(({ content }) => content);
  // Each carries the id of its effect, by which it is found again.
  expect(contents?.every((content) => /^[0-9A-Z]{26}$/.test(String(content["dev.botyard.effect"])))).toBe(true);
  for (const content of contents ?? []) Reflect.deleteProperty(content, "dev.botyard.effect");
  expect(contents).toEqual([
    { msgtype: "m.text", body: "plain", "m.mentions": {} },
    { msgtype: "m.text", body: "x", format: "org.matrix.custom.html", formatted_body: "<b>x</b>", "m.mentions": {} },
    {
      msgtype: "m.notice",
      body: "**x**",
      format: "org.matrix.custom.html",
      formatted_body: "<strong>x</strong>",
      "m.mentions": {},
    },
  ]);
});

test("a mention of a managed bot becomes its user id", async () => {
  const { world, room, send } = await talk();
  await send("helper", undefined, { mentions: [{ kind: "bot", bot: "helper", offset: 0, length: 6 }] });
  expect(world.hs.world.rooms.get(room)?.events.at(-1)?.content["m.mentions"]).toEqual({
    user_ids: ["@bot_helper:hs.test"],
  });
  await expect(
    send("x", undefined, { mentions: [{ kind: "bot", bot: "nobody", offset: 0, length: 1 }] }),
  ).rejects.toMatchObject({ code: "invalid" });
});

test("the same effect again is the first message, whatever it says now", async () => {
  const { helper, bodies, send } = await talk();
  const made = call({ as: helper });
  const first = await send("one", made);
  expect(await send("one again", made)).toEqual(first);
  expect(bodies()).toEqual(["one"]);
});

test("two bots of one registration never share a transaction id", async () => {
  const { world, room, bodies, send } = await talk();
  const other = await world.bot("other");
  await run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "other" }, call({ bot: other }));
  await send("one");
  await send("two", call({ as: other }));
  expect(bodies()).toEqual(["one", "two"]);
});

test("after a lost answer the repeat finds the first message", async () => {
  const { world, helper, bodies, send } = await talk();
  const made = call({ as: helper });
  world.hs.faults.add({ kind: "lose-answer", match: (request) => request.url.includes("/send/") });
  await expect(send("once", made)).rejects.toThrow();
  await send("once", { ...made, attempt: 2 });
  expect(bodies()).toEqual(["once"]);
});

test("also when the homeserver was restarted in between and knows no transaction ids any more", async () => {
  const { world, helper, bodies, send } = await talk();
  const made = call({ as: helper });
  world.hs.faults.add({ kind: "lose-answer", match: (request) => request.url.includes("/send/") });
  await expect(send("once", made)).rejects.toThrow();
  world.hs.restart();
  const { message } = await send("once", { ...made, attempt: 2 });
  expect(bodies()).toEqual(["once"]);
  expect(message).toMatch(/^\$/);
});

test("history settles what became of a send", async () => {
  const { world, helper, room, send } = await talk();
  const arrived = call({ as: helper });
  const { message } = await send("here", arrived);
  const effect = (effectId: string, agoMs = 0) => ({
    id: "op_1",
    operation: "messages.send",
    effectId,
    attempts: 1,
    room,
    as: arrived.as,
    startedAt: new Date(Date.now() - agoMs).toISOString(),
  });
  expect(await world.session.reconcile?.(effect(arrived.effectId), world.host.signal)).toMatchObject({
    state: "done",
    answer: { message },
  });
  // A slow homeserver may still do what it was asked a moment ago.
  expect(await world.session.reconcile?.(effect(call().effectId), world.host.signal)).toMatchObject({
    state: "unknown",
  });
  expect(await world.session.reconcile?.(effect(call().effectId, 600_000), world.host.signal)).toMatchObject({
    state: "failed",
  });
  const other = { ...effect(arrived.effectId), operation: "rooms.create" };
  expect(await world.session.reconcile?.(other, world.host.signal)).toMatchObject({ state: "unknown" });
});

test.each([true, false])("a limit says how long to wait (header: %s), and nothing happened", async (header) => {
  const { world, bodies, send } = await talk();
  world.hs.faults.add({
    kind: "limit",
    retryAfterMs: 4157,
    header,
    match: (request) => request.url.includes("/send/"),
  });
  const retryAfterMs = header ? 5000 : 4157;
  await expect(send("x")).rejects.toMatchObject({ code: "rate_limited", details: { effect: "none", retryAfterMs } });
  expect(bodies()).toEqual([]);
});

test.each([
  [{ kind: "error", status: 500 }, "upstream", "unknown"],
  [{ kind: "html", status: 502 }, "upstream", "unknown"],
  [{ kind: "html", status: 200 }, "upstream", "unknown"],
  [{ kind: "error", status: 401, errcode: "M_UNKNOWN_TOKEN" }, "unauthenticated", "none"],
  [{ kind: "error", status: 413, errcode: "M_TOO_LARGE" }, "too_large", "none"],
] as const)("the homeserver answers %j", async (fault, code, effect) => {
  const { world, send } = await talk();
  world.hs.faults.add({ ...fault, match: (request) => request.url.includes("/send/") });
  await expect(send("x")).rejects.toMatchObject({ code, effect });
});

test("edits, deletions and reading back", async () => {
  const { world, helper, room, send } = await talk();
  const as = () => call({ as: helper });
  const message = String((await send("old")).message);
  await run(world.session.operations["messages.update"], { ...place, room, message, text: "new" }, as());
  expect(await run(world.session.operations["messages.get"], { ...place, room, message }, as())).toMatchObject({
    content: { text: "new" },
    sender: { id: "@bot_helper:hs.test" },
  });
  const second = String((await send("second", undefined, { replyTo: message })).message);
  const { items } = await run(world.session.operations["messages.list"], { ...place, room }, as());
  expect(items.map(({ content, replyTo, sender }) => [content.text, replyTo, sender.name])).toEqual([
    ["second", message, "bot_helper"],
    ["new", null, "bot_helper"],
  ]);
  await run(world.session.operations["messages.delete"], { ...place, room, message: second }, as());
  await expect(
    run(world.session.operations["messages.get"], { ...place, room, message: second }, as()),
  ).rejects.toMatchObject({ code: "not_found" });
  expect((await run(world.session.operations["messages.list"], { ...place, room }, as())).items.length).toBe(1);
});

test("history in pages", async () => {
  const { world, helper, room, send } = await talk();
  for (const text of ["1", "2", "3", "4", "5"]) await send(text);
  const texts: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await run(
      world.session.operations["messages.list"],
      { ...place, room, limit: 2, ...(cursor === undefined ? {} : { cursor }) },
      call({ as: helper }),
    );
    texts.push(...page.items.map(({ content }) => content.text));
    cursor = page.next;
  } while (cursor !== undefined);
  expect(texts).toEqual(["5", "4", "3", "2", "1"]);
});

test("reactions are added once and taken back", async () => {
  const { world, helper, room, send } = await talk();
  const message = String((await send("x")).message);
  const input = { ...place, room, message, emoji: "👍" };
  const as = () => call({ as: helper });
  expect(await run(world.session.operations["reactions.add"], input, as())).toEqual({ emoji: "👍", added: true });
  expect(await run(world.session.operations["reactions.add"], input, as())).toEqual({ emoji: "👍", added: false });
  expect(await run(world.session.operations["reactions.list"], { ...place, room, message }, as())).toEqual({
    items: [{ emoji: "👍", users: ["@bot_helper:hs.test"] }],
  });
  expect(await run(world.session.operations["reactions.remove"], input, as())).toEqual({ emoji: "👍", removed: true });
  expect(await run(world.session.operations["reactions.remove"], input, as())).toEqual({ emoji: "👍", removed: false });
});

test("a file goes up, is sent and comes down", async () => {
  const { world, helper, room, send } = await talk();
  const up = { body: new Blob([new Uint8Array(70)]).stream(), type: "image/png" };
  const file = await run(
    world.session.operations["files.upload"],
    { ...place, name: "a.png", file: up },
    call({ as: helper }),
  );
  expect(file).toMatchObject({
    id: expect.stringMatching(/^mxc:\/\/hs\.test\//) as string,
    name: "a.png",
    mediaType: "image/png",
    size: 70,
  });
  await send("", undefined, { files: [file] });
  expect(world.hs.world.rooms.get(room)?.events.at(-1)?.content).toMatchObject({ msgtype: "m.image", url: file.id });
  const down = await run(world.session.operations["files.download"], { ...place, file: file.id }, call({ as: helper }));
  expect(down).toMatchObject({ type: "image/png", size: 70 });
  await down.body.cancel();
  await expect(
    run(world.session.operations["files.download"], { ...place, file: "mxc://hs.test/none" }, call({ as: helper })),
  ).rejects.toMatchObject({ code: "not_found" });
  const large = { body: new Blob([new Uint8Array(3_000_000)]).stream(), type: "image/png" };
  await expect(
    run(world.session.operations["files.upload"], { ...place, name: "b.png", file: large }, call({ as: helper })),
  ).rejects.toMatchObject({ code: "too_large" });
});
