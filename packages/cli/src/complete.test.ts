import { expect, it } from "vitest";
import { createCatalog } from "./catalog.ts";
import { completions } from "./complete.ts";
import { commonEntries } from "./entries.ts";

const entries = commonEntries(
  createCatalog({ platforms: {}, version: "0", startService: async () => Promise.reject(new Error("not here")) }),
);
const offered = async (...words: string[]): Promise<readonly string[]> =>
  (await completions(entries, words, async (entry) => (await entry.load()).flags))
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith(":"))
    .map((line) => line.split("\t")[0] ?? "");

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
  expect(await completions(entries, [""], async () => [])).toMatch(/^:\d+$/m);
});
