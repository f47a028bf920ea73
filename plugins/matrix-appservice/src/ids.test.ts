import { expect, test } from "vitest";
import {
  checkAlias,
  checkEventId,
  checkLocalpart,
  checkRoomId,
  checkServerName,
  checkUserId,
  ghostId,
  localpartOf,
  parseMxc,
  serverOf,
} from "./ids.ts";

test.each([
  ["@bot_a:hs.test", undefined],
  ["@Historical Name!:hs.test:8448", undefined],
  ["@a:[::1]:8448", undefined],
  ["bot:hs.test", "a user id starts with @"],
  ["@bot", "a user id ends with its server: @name:hs.example.org"],
  ["@:hs.test", "a user id has a name between @ and the colon"],
  ["@a:https://hs.test", "a server name looks like hs.example.org or hs.example.org:8448, without https://"],
  ["@a\n:hs.test", "a user id holds no control characters"],
  [`@${"x".repeat(250)}:hs.test`, "a user id is 259 bytes long; at most 255 are allowed"],
  [`@${"ß".repeat(124)}:hs.test`, "a user id is 257 bytes long; at most 255 are allowed"],
])("user id %s", (id, reason) => {
  expect(checkUserId(id)).toBe(reason);
});

test("room ids of version 12 have no server", () => {
  expect(checkRoomId("!AvpWPa_cz7wyowtdW-O9hJnippsR_WULJzYvX1a_P0k")).toBeUndefined();
  expect(checkRoomId("!a:hs.test")).toBeUndefined();
  expect(checkRoomId("!")).toMatch(/more than the !/);
  expect(checkRoomId("#a:hs.test")).toMatch(/starts with !/);
});

test("aliases and event ids", () => {
  expect(checkAlias("#ops:hs.test")).toBeUndefined();
  expect(checkAlias("#ops")).toMatch(/ends with its server/);
  expect(checkEventId("$abc")).toBeUndefined();
  expect(checkEventId("$")).toMatch(/more than/);
});

test("parts", () => {
  expect(localpartOf("@a:hs.test:8448")).toBe("a");
  expect(serverOf("@a:hs.test:8448")).toBe("hs.test:8448");
  expect(serverOf("!abc")).toBeUndefined();
  expect(ghostId("helper", "bot_", "hs.test")).toBe("@bot_helper:hs.test");
  expect(checkLocalpart("bot_a")).toBeUndefined();
  expect(checkLocalpart("Bot")).toMatch(/a-z/);
  expect(checkServerName("hs.test")).toBeUndefined();
  expect(checkServerName("hs test")).toBeDefined();
});

test("mxc addresses", () => {
  expect(parseMxc("mxc://hs.test/AbC_-1")).toEqual({ server: "hs.test", id: "AbC_-1" });
  expect(parseMxc("mxc://hs.test/../x")).toBeUndefined();
  expect(parseMxc("https://hs.test/x")).toBeUndefined();
});
