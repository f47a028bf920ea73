import { expect, it } from "vitest";
import { createCatalog } from "./catalog.ts";
import { commonEntries } from "./entries.ts";
import { runTree } from "./tree.ts";
import { findEntry, splitWords } from "./words.ts";

const single = new Set(["status", "help"]);
const { common } = createCatalog({
  platforms: {},
  version: "0",
  startService: async () => Promise.reject(new Error("not here")),
});
const entries = commonEntries({ common });

it.each<[string[], string[], string[]]>([
  [["bots", "create", "helper"], ["bots", "create"], ["helper"]],
  [
    ["--json", "-c", "chat", "bots", "-q", "list", "--limit", "5"],
    ["bots", "list"],
    ["--json", "-c", "chat", "-q", "--limit", "5"],
  ],
  [["status", "--json"], ["status"], ["--json"]],
  [["help", "bots"], ["help"], ["bots"]],
  [["bots", "--help"], ["bots"], ["--help"]],
  [["--json"], [], ["--json"]],
  [
    ["messages", "send", "lobby", "-"],
    ["messages", "send"],
    ["lobby", "-"],
  ],
])("splits %j", (argv, words, rest) => {
  expect(splitWords(argv, single)).toEqual({ words, rest });
});

it("suggests nouns and verbs", () => {
  expect(() => findEntry(entries, ["bot", "list"], "botyard")).toThrow(
    expect.objectContaining({ details: { fix: "did you mean botyard bots?" } }),
  );
  expect(() => findEntry(entries, ["bots", "creat"], "botyard")).toThrow(
    expect.objectContaining({ details: { fix: "did you mean botyard bots create?" } }),
  );
  expect(() => findEntry(entries, ["toString"], "botyard")).toThrow(/there is no command "toString"/);
});

it("runs the command the words name, with the raw rest, and lets its error through", async () => {
  const seen: unknown[] = [];
  const rest = ["helper", "--public", "--no-x", "--", "-y"];
  await runTree(entries, ["bots", "create"], rest, async (entry, argv) => void seen.push([entry.words, argv]));
  expect(seen).toEqual([[["bots", "create"], rest]]);
  const failure = new Error("mine");
  await expect(runTree(entries, ["status"], [], () => Promise.reject(failure))).rejects.toBe(failure);
});

it("has every command once, and each loads", async () => {
  const names = entries.map((entry) => entry.words.join(" "));
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  for (const entry of entries) expect((await entry.load()).summary, entry.words.join(" ")).not.toBe("");
});
