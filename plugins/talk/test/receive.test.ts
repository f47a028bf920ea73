import { createHash } from "node:crypto";
import { createFakeHost, fakeBot, type FakeHost } from "@botyard/testing";
import type { HookRequest, HookResponse, Session } from "@botyard/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Capabilities } from "../src/capabilities.ts";
import platform from "../src/index.ts";
import type { Settings } from "../src/settings.ts";
import { sign } from "../src/signature.ts";
import { openTalk, type Talk } from "./open.ts";
import { headerOf, webhooks } from "./recordings.ts";

const secret = "S3cret-of-the-helper-0123456789abcdefghijklmnop";
let host: FakeHost<Settings>;
let session: Session<Capabilities>;

beforeEach(async () => {
  host = createFakeHost<Settings>({
    id: "cloud",
    url: "https://cloud.test",
    settings: { occ: "occ", accounts: "", rotation: "keep-identity" },
    credentials: [
      { kind: "bot-secret", secret, bot: "helper" },
      { kind: "bot-secret", secret: `${secret}-2`, bot: "second" },
    ],
    bots: [
      fakeBot({ handle: "helper", nativeId: "bots/bot-1" }),
      fakeBot({ handle: "second", nativeId: "bots/bot-2" }),
    ],
  });
  session = (await platform.open(host)) as Session<Capabilities>;
});

let randoms = 0;
const random = (): string =>
  createHash("sha256")
    .update(String((randoms += 1)))
    .digest("hex");

interface Sending {
  readonly path?: string;
  readonly random?: string;
  readonly signature?: string | null;
  readonly secret?: string;
  readonly backend?: string;
  readonly method?: string;
}

function hook(body: string | Uint8Array, sending: Sending = {}): Promise<HookResponse> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const nonce = sending.random ?? random();
  const signature = sending.signature === undefined ? sign(sending.secret ?? secret, nonce, bytes) : sending.signature;
  const request: HookRequest = {
    method: sending.method ?? "POST",
    path: sending.path ?? "/helper/1",
    query: {},
    headers: {
      "x-nextcloud-talk-random": nonce,
      ...(signature === null ? {} : { "x-nextcloud-talk-signature": signature }),
      "x-nextcloud-talk-backend": sending.backend ?? "https://cloud.test/",
    },
    body: bytes,
  };
  return session.receive?.http?.(request) ?? Promise.reject(new Error("no receiver"));
}

const message = (id: number, text = "hi"): string =>
  JSON.stringify({
    type: "Create",
    actor: { type: "Person", id: "users/bob", name: "bob", talkParticipantType: "3" },
    object: {
      type: "Note",
      id: String(id),
      name: "message",
      content: JSON.stringify({ message: text, parameters: [] }),
      mediaType: "text/markdown",
    },
    target: { type: "Collection", id: "abcd1234", name: "Ops" },
  });

const refused = { status: 401, json: {} };

describe("a stranger learns nothing", () => {
  test.each<[string, string, Sending]>([
    ["a wrong signature", message(1), { signature: "0".repeat(64) }],
    ["no signature", message(1), { signature: null }],
    ["a signature that is no hex", message(1), { signature: "x".repeat(64) }],
    ["another bot's secret", message(1), { secret: `${secret}-2` }],
    ["a short random", message(1), { random: "short" }],
    ["an unknown bot", message(1), { path: "/nobody/1" }],
    ["a path of somebody else's", message(1), { path: "/helper/1/../../second/1" }],
    ["no path", message(1), { path: "/" }],
    ["a generation that is none", message(1), { path: "/helper/0" }],
  ])("%s", async (_, body, sending) => {
    expect(await hook(body, sending)).toEqual(refused);
    expect(host.intakes).toEqual([]);
  });

  test("which bots there are: what is no webhook at all is answered alike for each", async () => {
    for (const path of ["/helper/1", "/nobody/1"]) {
      expect((await hook("", { path, method: "GET" })).status).toBe(405);
      expect((await hook("x".repeat(20_000_000), { path })).status).toBe(413);
    }
    expect(host.intakes).toEqual([]);
  });

  test("a body that was changed by a byte", async () => {
    const nonce = random();
    const signature = sign(secret, nonce, message(1));
    expect(await hook(message(2), { random: nonce, signature })).toEqual(refused);
    expect(host.intakes).toEqual([]);
  });
});

test("an upper-case signature holds, as it does on the server", async () => {
  const nonce = random();
  const signature = sign(secret, nonce, message(1)).toUpperCase();
  expect((await hook(message(1), { random: nonce, signature })).status).toBe(200);
});

test("a random that was seen before is refused, also after a restart", async () => {
  const nonce = random();
  expect((await hook(message(1), { random: nonce })).status).toBe(200);
  expect(await hook(message(1), { random: nonce })).toEqual(refused);
  // each bot has randoms of its own
  expect((await hook(message(1), { random: nonce, path: "/second/1", secret: `${secret}-2` })).status).toBe(200);
  await session.close();
  session = (await platform.open(host)) as Session<Capabilities>;
  expect(await hook(message(1), { random: nonce })).toEqual(refused);
  expect(host.intakes).toHaveLength(2);
});

test("after a crash the random of a reaction is refused; a message may come again, under the key it has in the log", async () => {
  const like = JSON.stringify({
    type: "Like",
    actor: { type: "Person", id: "users/bob", name: "bob" },
    object: { type: "Note", id: "1", name: "message", content: '{"message":"hi","parameters":[]}' },
    content: "👍",
    target: { type: "Collection", id: "abcd1234", name: "Ops" },
  });
  const [first, second] = [random(), random()];
  expect((await hook(like, { random: first })).status).toBe(200);
  expect((await hook(message(1), { random: second })).status).toBe(200);
  session = (await platform.open(host)) as Session<Capabilities>;
  expect(await hook(like, { random: first })).toEqual(refused);
  expect((await hook(message(1), { random: second })).status).toBe(200);
  expect(host.events.map(({ key }) => key)).toEqual([null, { kind: "message", id: "1" }]);
});

test("a body of 2 MB is taken, one of 20 MB is not", async () => {
  expect((await hook(message(1, "x".repeat(2_000_000)))).status).toBe(200);
  expect((await hook(message(2, "x".repeat(20_000_000)))).status).toBe(413);
  expect(host.intakes).toHaveLength(1);
  expect(session.receive?.maxBodyBytes).toBeGreaterThanOrEqual(1_048_576);
});

test("only POST is answered", async () => {
  expect((await hook("", { method: "GET" })).status).toBe(405);
});

test.each<[string, string | Uint8Array]>([
  ["invalid UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d)],
  ["XML", '<?xml version="1.0"?><ocs/>'],
  ["HTML", "<html><body>login</body></html>"],
  ["nothing", ""],
  ["a number", "42"],
])("%s with a right signature is kept as unknown", async (_, body) => {
  expect((await hook(body)).status).toBe(200);
  expect(host.events).toMatchObject([{ type: "platform.unknown", room: null }]);
  expect(host.intakes[0]?.raw).toBeDefined();
});

test("a foreign backend header is kept with the event and shown by the probe's fix", async () => {
  expect((await hook(message(1), { backend: "https://other.test/" })).status).toBe(200);
  expect(host.events[0]?.native).toMatchObject({ backend: "https://other.test/" });
  await hook(message(2), { backend: "/" });
  await hook(message(3));
  expect(host.events.slice(1).every(({ native }) => native?.["backend"] === undefined)).toBe(true);
});

test("nothing is acknowledged that is not on disk, and the same webhook may come again", async () => {
  const nonce = random();
  const { commit } = host;
  Object.assign(host, { commit: () => Promise.reject(new Error("disk full")) });
  await expect(hook(message(1), { random: nonce })).rejects.toMatchObject({ code: "internal" });
  Object.assign(host, { commit });
  expect((await hook(message(1), { random: nonce })).status).toBe(200);
});

test("each of two bots gets its copy; the message is one event", async () => {
  await hook(message(7));
  await hook(message(7), { path: "/second/1", secret: `${secret}-2` });
  expect(host.intakes.map(({ bots }) => bots)).toEqual([["helper"], ["second"]]);
  expect(host.events).toHaveLength(1);
});

test("rooms are remembered from what is heard, until a Leave", async () => {
  const list = async () => {
    const handler = session.operations["rooms.list"];
    const run = typeof handler === "function" ? handler : handler.run;
    const { items } = await run(
      { connection: "cloud" },
      {
        bot: null,
        as: { kind: "bot", id: "bots/bot-1", handle: "helper", credential: null },
        effectId: "0".repeat(26),
        attempt: 1,
        deadline: Date.now() + 1000,
        signal: host.signal,
      },
    );
    return items;
  };
  await hook(message(1));
  expect(await list()).toEqual([{ id: "abcd1234", kind: "group", name: "Ops" }]);
  session = (await platform.open(host)) as Session<Capabilities>;
  expect(await list()).toHaveLength(1);
  const leave = {
    type: "Leave",
    actor: { type: "Application", id: "bots/bot-1", name: "Helper" },
    object: { type: "Collection", id: "abcd1234", name: "Ops" },
  };
  await hook(JSON.stringify(leave));
  expect(await list()).toEqual([]);
});

describe("recorded webhooks are accepted as they came", () => {
  const whole = webhooks.filter(({ cut }) => cut === undefined);
  test.each(whole.map((webhook) => [webhook.name, webhook] as const))("%s", async (_, webhook) => {
    host.addCredential({ kind: "bot-secret", secret: webhook.shared_secret, bot: "helper" });
    const answer = await hook(webhook.request.raw_body, {
      random: headerOf(webhook, "X-Nextcloud-Talk-Random"),
      signature: headerOf(webhook, "X-Nextcloud-Talk-Signature"),
      backend: headerOf(webhook, "X-Nextcloud-Talk-Backend"),
    });
    expect(answer.status).toBe(200);
    expect(host.events).toHaveLength(1);
  });
});

describe("through the core", () => {
  let talk: Talk;
  beforeEach(async () => {
    talk = await openTalk();
    await talk.bot("helper");
    await talk.bot("second");
  });
  afterEach(() => talk.world.close());
  const since = async (): Promise<string> => (await talk.world.call("events.list", { from: "now" })).cursor;

  test("a message to two bots is one event that both saw", async () => {
    const { world, cloud, room, alice } = talk;
    const from = await since();
    await cloud.say(room, alice, "hello both");
    const { items } = await world.call("events.list", { from });
    const ids = new Set(items.map(({ id }) => id));
    expect(ids.size).toBe(1);
    expect(items.at(-1)?.content?.text).toBe("hello both");
    expect((await world.call("events.get", { event: items[0]?.id ?? "" })).bots.toSorted()).toEqual([
      "helper",
      "second",
    ]);
  });

  test("an answer to a bot's message is addressed to it", async () => {
    const { world, cloud, room, alice } = talk;
    await world.call("messages.send", { room: room.token, as: "second", text: "a question?" });
    const from = await since();
    await cloud.say(room, alice, "an answer", room.messages.at(-1)?.id);
    const { items } = await world.call("events.list", { from });
    expect(items[0]?.addressed).toEqual(["second"]);
  });

  test("our own reactions are ours, also as the other bot hears them: nothing loops", async () => {
    const { world, cloud, room, alice } = talk;
    const id = String(await cloud.say(room, alice, "react to me"));
    const from = await since();
    expect(await world.call("reactions.add", { room: room.token, message: id, as: "helper", emoji: "👍" })).toEqual({
      emoji: "👍",
      added: true,
    });
    expect(await world.call("reactions.add", { room: room.token, message: id, as: "helper", emoji: "👍" })).toEqual({
      emoji: "👍",
      added: false,
    });
    expect((await world.call("events.list", { from })).items).toEqual([]);
    const own = (await world.call("events.list", { from, own: true })).items.filter(
      ({ type }) => type === "reaction.added",
    );
    expect(own).toMatchObject([{ actor: { bot: "helper" }, own: true, reaction: { emoji: "👍" } }]);
    expect(await world.call("reactions.remove", { room: room.token, message: id, as: "helper", emoji: "👍" })).toEqual({
      emoji: "👍",
      removed: true,
    });
    expect(await world.call("reactions.remove", { room: room.token, message: id, as: "helper", emoji: "👍" })).toEqual({
      emoji: "👍",
      removed: false,
    });
    const removed = (await world.call("events.list", { from })).items.filter(({ type }) => type.startsWith("reaction"));
    expect(removed).toEqual([]);
  });

  test("a person's reaction to a bot's message is not taken for the bot's own", async () => {
    const { world, cloud, room } = talk;
    await world.call("messages.send", { room: room.token, as: "helper", text: "like me" });
    const from = await since();
    await cloud.fetch(
      new Request(
        `${cloud.world.url}/ocs/v2.php/apps/spreed/api/v1/reaction/${room.token}/${room.messages.at(-1)?.id}`,
        {
          method: "POST",
          headers: {
            authorization: `Basic ${btoa("alice:pw-alice")}`,
            "ocs-apirequest": "true",
            accept: "application/json",
            "content-type": "application/json",
          },
          body: JSON.stringify({ reaction: "🎉" }),
        },
      ),
    );
    const { items } = await world.call("events.list", { from });
    expect(items.filter(({ type }) => type === "reaction.added")).toMatchObject([
      { own: false, actor: { uncertain: true, bot: null } },
    ]);
  });

  test.each(["abc", "👍👍", "1"])("%j is no emoji", async (emoji) => {
    const { world, cloud, room, alice } = talk;
    const message = String(await cloud.say(room, alice, "x"));
    const refusal = await world.refused("invalid", "reactions.add", { room: room.token, message, as: "helper", emoji });
    expect(refusal.effect).toBe("none");
  });
});

test("a kept webhook decodes again to the same facts, and nothing is learnt from it", async () => {
  await hook(message(7, "hello"));
  await hook("{not json");
  const before = host.intakes.length;
  for (const { raw, via, id, bots, events } of host.intakes) {
    const bytes = typeof raw === "string" ? new TextEncoder().encode(raw) : (raw ?? new Uint8Array());
    const kept = {
      via,
      raw: bytes,
      receivedAt: "2026-11-20T08:00:00.000Z",
      ...(id ? { id } : {}),
      ...(bots ? { bots } : {}),
    };
    const again = await session.receive?.decode?.(kept);
    expect(again?.map(({ key, type }) => ({ key, type }))).toEqual(events.map(({ key, type }) => ({ key, type })));
  }
  expect(host.intakes).toHaveLength(before);
});
