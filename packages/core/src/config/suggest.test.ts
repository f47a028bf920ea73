import { expect, test } from "vitest";
import { suggest } from "./suggest.ts";

test.each([
  ["messgaes", "messages"],
  ["retenton", "retention"],
  ["bot", "bots"],
])("%s is probably %s", (word, meant) => {
  expect(suggest(word, ["messages", "retention", "bots", "rooms"])).toBe(meant);
});

test("nothing near is no suggestion", () => {
  expect(suggest("xyz", ["messages", "bots"])).toBeNull();
});
