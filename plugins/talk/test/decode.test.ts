import { describe, expect, test } from "vitest";
import { decodeWebhook, roomName, type DecodeContext } from "../src/decode.ts";
import { toText } from "../src/encode.ts";
import { webhooks } from "./recordings.ts";

const context: DecodeContext = {
  now: "2026-11-20T08:00:00.000Z",
  random: "r".repeat(64),
  namesReactor: false,
  echo: () => null,
};
const whole = webhooks.filter(({ cut }) => cut === undefined);
const byNumber = (number: number) => {
  const found = whole.find((webhook) => webhook.number === number);
  if (!found) throw new Error(`no webhook ${number}`);
  return found.request.json;
};
const decode = (number: number, more: Partial<DecodeContext> = {}) =>
  decodeWebhook(byNumber(number), { ...context, ...more });

describe("every recorded webhook can be read", () => {
  test.each(whole.map((webhook) => [webhook.name, webhook] as const))("%s", (_, webhook) => {
    const event = decodeWebhook(webhook.request.json, context);
    expect(event.room?.id).toMatch(/^[a-z0-9]{8}$/);
    expect(event.actor).not.toBeNull();
    expect(event.time).toBe(context.now);
    const { type } = webhook.request.json as { type: string };
    expect(event.native).toMatchObject({ type });
    if (type === "Like" || type === "Undo") expect(event.key).toBeNull();
    else expect(event.key?.id).toBeTruthy();
  });

  test("only kinds without a neutral word stay unknown, and keep what they said", () => {
    const unknown = whole.flatMap((webhook) => {
      const event = decodeWebhook(webhook.request.json, context);
      return event.type === "platform.unknown" ? [String(event.native?.["systemMessage"])] : [];
    });
    expect([...new Set(unknown)].sort()).toEqual([
      "call_ended",
      "call_left",
      "call_started",
      "group_added",
      "moderator_demoted",
      "moderator_promoted",
      "poll_closed",
      "poll_voted",
      "reaction_revoked",
    ]);
  });
});

test("mentions are written as a person types them, and can be sent again unchanged", () => {
  const { content } = decode(86);
  expect(content).toMatchObject({
    text: "hi @alice and @bob see **this**",
    plain: "hi @alice and @bob see this",
    format: "markdown",
    mentions: [
      { kind: "user", id: "users/alice", offset: 3, length: 6 },
      { kind: "user", id: "users/bob", offset: 14, length: 4 },
    ],
  });
  expect(toText(content ?? { text: "" })).toBe("hi @alice and @bob see **this**");
  expect(decode(88).content).toMatchObject({ text: "ping @all", mentions: [{ kind: "room", offset: 5, length: 4 }] });
  const group = decode(327).content;
  expect(group?.text).toBe('hi @"group/staff" and @alice');
  expect(toText(group ?? { text: "" })).toBe('hi @"group/staff" and @alice');
  const federated = decode(499).content;
  expect(federated?.mentions).toMatchObject([{ id: "federated_users/bob@http://127.0.0.1:8095" }]);
  expect(toText(federated ?? { text: "" })).toBe('hi @"federated_user/bob@http://127.0.0.1:8095"');
});

test("a reply names its parent and that one's sender: how a bot sees that it is meant", () => {
  expect(decode(316)).toMatchObject({
    type: "message.created",
    message: { id: "8", replyTo: "7" },
    repliesTo: "bots/bot-255674bbc8947d513adcb3d24bbafbebc5429869",
  });
});

test("files, voice messages, polls, locations and cards are messages", () => {
  expect(decode(237)).toMatchObject({
    type: "message.created",
    content: { text: "see the file", files: [{ id: "247", name: "hello.txt", size: 10 }] },
  });
  expect(decode(392).content).toMatchObject({ text: "", files: [{ name: "nocaption.txt", mediaType: "text/plain" }] });
  expect(decode(394)).toMatchObject({
    content: { files: [{ mediaType: "audio/mpeg" }] },
    native: { systemMessage: "file_shared" },
  });
  expect(decode(162).content?.text).toBe("Lunch?");
  expect(decode(164).content?.text).toBe("Berlin");
  expect(decode(396).content?.text).toBe("Card");
});

test("who comes and goes", () => {
  expect(decode(160)).toMatchObject({ type: "member.joined", member: { user: "users/carol", name: "Carol" } });
  expect(decode(377)).toMatchObject({ type: "member.kicked", member: { user: "users/bob", membership: "kicked" } });
  expect(decode(417)).toMatchObject({ type: "member.left", member: { user: "users/bob", membership: "left" } });
  expect(decode(495)).toMatchObject({
    type: "member.invited",
    member: { user: "federated_users/bob@http://127.0.0.1:8095" },
  });
  expect(decode(496)).toMatchObject({ type: "member.joined" });
  expect(decode(420)).toMatchObject({ type: "member.joined", actor: { id: "guests/cli", kind: "system", name: null } });
  expect(decode(46)).toMatchObject({ type: "member.joined", actor: { kind: "bot" }, key: { kind: "webhook" } });
  expect(decode(428)).toMatchObject({ type: "member.left" });
});

test("an edit and a deletion say only that they happened", () => {
  expect(decode(152)).toMatchObject({
    type: "message.updated",
    native: { systemMessage: "message_edited", id: "100" },
  });
  expect(decode(152).message).toBeUndefined();
  expect(decode(154)).toMatchObject({ type: "message.deleted" });
});

describe("reactions", () => {
  test("the author of the message is not taken for who reacted", () => {
    expect(decode(145)).toMatchObject({
      type: "reaction.added",
      message: { id: "71" },
      reaction: { emoji: "❤️" },
      actor: { id: "users/bob", uncertain: true },
      native: { author: "users/bob" },
    });
    // a reaction to the bot's own message names the bot: nobody is better than that
    expect(decode(150).actor).toEqual({ id: "unknown", kind: "unknown", name: null, uncertain: true });
    expect(decode(148)).toMatchObject({ type: "reaction.removed", message: { id: "71" }, reaction: { emoji: "❤️" } });
  });

  test("newer servers name who it was", () => {
    expect(decode(145, { namesReactor: true }).actor).toEqual({ id: "users/bob", kind: "user", name: "bob" });
  });

  test("an echo of our own is ours", () => {
    const echo = (): string => "bots/bot-1";
    expect(decode(130, { echo }).actor).toEqual({ id: "bots/bot-1", kind: "bot", name: null });
  });
});

test("one-to-one rooms are called by their people", () => {
  expect(decode(243).room).toEqual({ id: "5h3bogdd", name: "alice, carol" });
  expect(roomName('["alice"')).toBe('["alice"');
});

describe("other versions", () => {
  const create = (content: unknown, more: object = {}) => ({
    type: "Create",
    actor: { type: "Person", id: "users/bob", name: "bob" },
    object: {
      type: "Note",
      id: "5",
      name: "message",
      content: JSON.stringify(content),
      mediaType: "text/markdown",
      ...more,
    },
    target: { type: "Collection", id: "abcd1234", name: "Ops" },
  });

  test("before 21 a mention has no text of its own", () => {
    const parameters = { "mention-user1": { type: "user", id: "alice", name: "Alice" } };
    const event = decodeWebhook(create({ message: "hi {mention-user1}", parameters }), context);
    expect(event.content).toMatchObject({ text: "hi @alice", plain: "hi @Alice", mentions: [{ id: "users/alice" }] });
    expect(event.native).not.toHaveProperty("participantType");
  });

  test("from 23 on attachments are called message", () => {
    const file = { type: "file", id: "7", name: "a.txt", size: "3" };
    const body = { ...create({ message: "{file}", parameters: { file } }), type: "Activity" };
    expect(decodeWebhook(body, context)).toMatchObject({
      type: "message.created",
      content: { text: "", files: [{ id: "7", size: 3 }] },
    });
  });
});

describe("what nobody knows is kept whole", () => {
  test.each([
    [
      "a new kind",
      { type: "Announce", target: { id: "abcd1234", name: "x" }, actor: { id: "users/bob", name: "bob" } },
    ],
    ["a note without an id", { type: "Create", object: {}, target: { id: "abcd1234" } }],
    ["a message without a room", { type: "Create", object: { id: "1" } }],
    ["a reaction without an emoji", { type: "Like", object: { id: "1" }, target: { id: "abcd1234" } }],
    ["a list", [1, 2]],
    ["a text", "<xml/>"],
    ["nothing", null],
  ])("%s", (_, body) => {
    const event = decodeWebhook(body, context);
    expect(event.type).toBe("platform.unknown");
    expect(event.native?.["body"]).toEqual(body);
    expect(event.key).toEqual({ kind: "webhook", id: context.random });
  });

  test("content that is no JSON is text", () => {
    const body = {
      type: "Create",
      actor: { id: "users/bob" },
      object: { id: "5", name: "message", content: "{broken" },
      target: { id: "abcd1234" },
    };
    expect(decodeWebhook(body, context)).toMatchObject({ type: "message.created", content: { text: "{broken" } });
  });
});
