import { operations } from "@botyard/sdk";
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "../host/clock.ts";
import { openRegistry } from "../registry/registry.ts";
import { openStore } from "../store/open-store.ts";
import { allowsBot, allowsConnection, allowsOperation, allowsRoom, type presets } from "./grants.ts";
import { hashKey, isKeyText, makeKeyText } from "./key-text.ts";
import { createKeys, makeGrant } from "./keys.ts";
import { describeGrant } from "./words.ts";

test("a key has a prefix and a checksum that finds a typing error", () => {
  const key = makeKeyText();
  expect(key).toMatch(/^by_[0-9A-Za-z]{32}[0-9a-f]{6}$/);
  expect(isKeyText(key)).toBe(true);
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 34 }), (at) => {
      const other = key[at] === "x" ? "y" : "x";
      expect(isKeyText(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
    }),
  );
  expect(isKeyText(key.slice(0, -1))).toBe(false);
});

test("presets hold what they say, and the last pattern decides", () => {
  const may = (preset: keyof typeof presets, name: string) => allowsOperation(makeGrant({ preset }), name);
  expect(may("reader", "messages.send")).toBe(false);
  expect(may("reader", "events.stream")).toBe(true);
  expect(may("bot", "messages.send")).toBe(true);
  expect(may("bot", "bots.delete")).toBe(false);
  expect(may("bot", "act.user")).toBe(false);
  expect(may("operator", "bots.delete")).toBe(true);
  expect(may("operator", "keys.create")).toBe(false);
  expect(may("operator", "keys.whoami")).toBe(true);
  expect(may("admin", "act.user")).toBe(true);
  expect(allowsOperation({ operations: ["messages.*", "!messages.delete"] }, "messages.delete")).toBe(false);
});

test("a reader changes nothing but its own place in the log, a bot only what bots do", () => {
  const changes = (preset: keyof typeof presets): string[] =>
    Object.values(operations)
      .filter(({ name, effect }) => effect !== "read" && allowsOperation(makeGrant({ preset }), name))
      .map(({ name }) => name);
  const place = ["consumers.put", "consumers.ack", "consumers.delete"];
  expect(changes("reader").toSorted()).toEqual(place.toSorted());
  const nouns = new Set(changes("bot").map((name) => name.split(".")[0] ?? ""));
  expect([...nouns].toSorted((a, b) => a.localeCompare(b))).toEqual([
    "consumers",
    "files",
    "ledger",
    "messages",
    "reactions",
    "rooms",
  ]);
  expect(changes("bot").filter((name) => name.startsWith("rooms."))).toEqual(["rooms.open-direct"]);
});

test.each([
  [{ preset: "operator" as const }, false, true],
  [{ preset: "admin" as const }, true, true],
  [{ preset: "admin" as const, bots: ["chat/helper"] }, false, true],
  [{ allow: ["matrix.*"] }, false, true],
  [{ allow: ["matrix.write"] }, false, true],
  [{ allow: ["*", "matrix.request"] }, true, true],
  [{ allow: ["matrix.request"], rooms: ["chat/r1"] }, true, false],
  [{ allow: ["*", "matrix.request", "!matrix.*"] }, false, false],
])("a raw operation has to be named: %j %s", (from, raw, other) => {
  const grant = makeGrant(from);
  expect(allowsOperation(grant, "matrix.request", { effect: "write", raw: true })).toBe(raw);
  expect(allowsOperation(grant, "matrix.redact", { effect: "write" })).toBe(other);
});

test("a grant says whether it holds raw calls", () => {
  const words = (from: Parameters<typeof makeGrant>[0]) => describeGrant(makeGrant(from), null, ["matrix.request"]);
  expect(words({ preset: "operator" }).mayNot).toContain("raw calls");
  expect(words({ allow: ["matrix.request"] })).toEqual({
    may: ["make any call of the chat server (matrix.request)"],
    mayNot: expect.not.arrayContaining(["raw calls"]) as unknown,
  });
});

test("a grant on bots or rooms limits the connection too", () => {
  const grant = makeGrant({ bots: ["chat/helper"], rooms: ["chat/r1"] });
  expect(allowsConnection(grant, "cloud")).toBe(false);
  expect(allowsBot(grant, "chat", "other")).toBe(false);
  expect(allowsBot(grant, "chat", "helper")).toBe(true);
  expect(allowsRoom(grant, "chat", "r2")).toBe(false);
  expect(allowsRoom(grant, "cloud", "r1")).toBe(false);
});

async function makeKeys(now: () => number) {
  const clock = { ...systemClock, now };
  const store = await openStore({ memory: true });
  const registry = await openRegistry(store);
  return { keys: createKeys(registry, clock), registry, store };
}
const plain = { preset: "bot" as const, grant: makeGrant({ preset: "bot" }), ratePerMinute: null, expiresAt: null };

test("a key's text is not kept; unknown, expired and revoked keys answer alike", async () => {
  let now = Date.parse("2026-11-20T08:00:00Z");
  const { keys, registry } = await makeKeys(() => now);
  const made = await keys.create({ ...plain, name: "a", expiresAt: "2026-11-20T09:00:00.000Z" });
  expect(JSON.stringify(registry.list("key"))).not.toContain(made.secret);
  expect(registry.list("key")[0]?.hash).toBe(hashKey(made.secret));
  const principal = keys.authenticate(made.secret);
  expect(principal.name).toBe("a");
  const answers = [() => keys.authenticate(makeKeyText())];
  now += 3_600_000;
  answers.push(() => keys.authenticate(made.secret));
  const other = await keys.create({ ...plain, name: "b" });
  const open = keys.authenticate(other.secret);
  await keys.revoke("b");
  answers.push(() => keys.authenticate(other.secret));
  expect(open.signal.aborted).toBe(true);
  const texts = new Set<string>();
  for (const answer of answers)
    try {
      answer();
    } catch (error) {
      expect(error).toMatchObject({ code: "unauthenticated" });
      texts.add((error as Error).message);
    }
  expect(texts.size).toBe(1);
});

test("no key and half a key say what is wrong with them", async () => {
  const { keys } = await makeKeys(Date.now);
  expect(() => keys.authenticate(null)).toThrow("no key was sent");
  expect(() => keys.authenticate("by_short")).toThrow("no Botyard key");
});

test("a rate holds within its minute", async () => {
  let now = 0;
  const { keys } = await makeKeys(() => now);
  const { secret } = await keys.create({ ...plain, name: "agent", ratePerMinute: 2 });
  const principal = keys.authenticate(secret);
  keys.count(principal);
  keys.count(principal);
  expect(() => keys.count(principal)).toThrow("2 calls a minute");
  now += 60_000;
  expect(() => keys.count(principal)).not.toThrow();
});

test("two living keys do not share a name; a revoked one frees it", async () => {
  const { keys } = await makeKeys(Date.now);
  await keys.create({ ...plain, name: "pybot" });
  await expect(keys.create({ ...plain, name: "pybot" })).rejects.toMatchObject({ code: "conflict" });
  await keys.revoke("pybot");
  await expect(keys.create({ ...plain, name: "pybot" })).resolves.toBeDefined();
});
