import { expect, it } from "vitest";
import { createCatalog } from "./catalog.ts";
import { completions, type FindNames } from "./complete.ts";
import { kindOf, namesOf } from "./complete-names.ts";
import { commonEntries } from "./entries.ts";

const catalog = createCatalog({
  platforms: {},
  version: "0",
  startService: async () => Promise.reject(new Error("not here")),
});
const entries = commonEntries(catalog);

async function offeredWith(find: FindNames | undefined, ...words: string[]): Promise<readonly string[]> {
  return (await completions(entries, words, (entry) => entry.load(), find))
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith(":"))
    .map((line) => line.split("\t")[0] ?? "");
}
const offered = (...words: string[]): Promise<readonly string[]> => offeredWith(undefined, ...words);

it("offers nouns, verbs, flags and the values of a flag", async () => {
  expect(await offered("webh")).toEqual(["webhooks"]);
  expect(await offered("keys", "re")).toEqual(["revoke"]);
  expect(await offered("bots", "list", "--sou")).toEqual(["--source"]);
  expect(await offered("bots", "list", "--source", "")).toEqual(["managed", "server", "all"]);
  expect(await offered("bots", "list", "--source", "s")).toEqual(["server"]);
  expect(await offered("doctor", "--ro")).toEqual(["--room"]);
  expect(await offered("serve", "--log", "d")).toEqual(["debug"]);
});

it("says how a shell should go on", async () => {
  expect(await completions(entries, [""], (entry) => entry.load())).toMatch(/^:\d+$/m);
});

it("asks for the names of what is being typed: arguments and values of flags, with the connection that was chosen", async () => {
  const asked: unknown[] = [];
  const find: FindNames = async (name, typed, connection) => {
    asked.push([kindOf(name), typed, connection]);
    return [
      { value: "eng:ops", description: "Ops" },
      { value: "lobby", description: "" },
    ];
  };
  const with_ = (...words: string[]): Promise<readonly string[]> => offeredWith(find, ...words);
  expect(await with_("rooms", "add-bot", "")).toEqual(["eng:ops", "lobby"]);
  expect(await with_("rooms", "add-bot", "-c", "chat", "lo")).toEqual(["lobby"]);
  await with_("rooms", "add-bot", "lobby", "h");
  await with_("messages", "send", "lobby", "--as", "h");
  await with_("messages", "send", "lobby", "--as=h");
  await with_("doctor", "chat/h", "--room", "");
  await with_("consumers", "get", "");
  expect(asked).toEqual([
    ["rooms", "", undefined],
    ["rooms", "lo", "chat"],
    ["bots", "h", undefined],
    ["handles", "h", undefined],
    ["handles", "h", undefined],
    ["rooms", "", undefined],
    ["consumers", "", undefined],
  ]);
  // A flag's name, a free text and a third argument are nobody's name.
  for (const words of [
    ["doctor", "--r"],
    ["rooms", "add-bot", "lobby", "helper", ""],
  ])
    await with_(...words);
  expect(asked).toHaveLength(7);
});

const page = (items: readonly object[]): Response => Response.json({ items });
const chat = { id: "chat", platform: "sandbox", state: "ready" };
const bot = { connection: "chat", handle: "helper", username: "Helper" };

function service(answers: Readonly<Record<string, () => Response | Promise<Response>>>) {
  return {
    catalog,
    service: async () => ({ url: "http://127.0.0.1:1", key: "by_1" }),
    fetch: async (url: string): Promise<Response> =>
      (await answers[new URL(url).pathname]?.()) ?? Response.json({}, { status: 500 }),
  };
}

it("names what the service knows, with the connection where there are several", async () => {
  const bots = () => page([bot, { ...bot, handle: null }]);
  const one = service({ "/v1/connections": () => page([chat]), "/v1/connections/chat/bots": bots });
  const values = async (...call: Parameters<typeof namesOf>): Promise<readonly string[]> =>
    (await namesOf(...call)).map(({ value }) => value);
  expect(await namesOf("connections", "", undefined, one)).toEqual([{ value: "chat", description: "sandbox, ready" }]);
  expect(await values("bots", "", undefined, one)).toEqual(["helper"]);
  expect(await values("bots", "chat/", undefined, one)).toEqual(["chat/helper"]);
  const two = service({
    "/v1/connections": () => page([chat, { ...chat, id: "down" }]),
    "/v1/connections/chat/bots": bots,
    "/v1/connections/down/bots": () => Response.json({}, { status: 502 }),
  });
  expect(await values("bots", "", undefined, two)).toEqual(["chat/helper"]);
  expect(await values("bots", "", "chat", two)).toEqual(["helper"]);
  expect(await values("handles", "", undefined, two)).toEqual(["helper"]);
});

it("is silent where there is no service, where it refuses, and where it takes too long", async () => {
  expect(await namesOf("keys", "", undefined, { catalog, service: async () => null })).toEqual([]);
  const refused = service({ "/v1/keys": () => Response.json({}, { status: 403 }) });
  expect(await namesOf("keys", "", undefined, refused)).toEqual([]);
  const slow = service({ "/v1/keys": () => new Promise<Response>(() => {}) });
  expect(await namesOf("keys", "", undefined, slow)).toEqual([]);
});
