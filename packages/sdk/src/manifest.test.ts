import fc from "fast-check";
import { expect, test } from "vitest";
import { isBotyardError } from "./errors.ts";
import { parseManifest } from "./manifest.ts";

const description = {
  id: "parrot",
  namespace: "parrot",
  title: "Parrot",
  contract: 1,
  url: "required",
  settings: { type: "object" },
  credentials: {},
  capabilities: { "messages.send": { support: "native", actsAs: "bot" } },
  native: [
    {
      name: "parrot.squawk",
      summary: "Squawk",
      run: "platform",
      effect: "send",
      route: "POST /connections/{connection}/parrot/squawk",
      fields: [{ name: "connection", required: true, secret: false, bytes: false, ref: "connection", schema: {} }],
      output: { kind: "json", schema: {} },
    },
  ],
};
const manifest = {
  kind: "platform",
  id: "parrot",
  namespace: "parrot",
  title: "Parrot",
  contract: "1",
  entry: "plugin.js",
  description,
};

function issues(value: unknown): readonly string[] {
  try {
    parseManifest(value);
    return [];
  } catch (error) {
    if (!isBotyardError(error) || error.code !== "invalid") throw error;
    return (error.details.issues ?? [{ path: "", expected: error.message }]).map(({ path }) => path);
  }
}

test("what its author left out is the least: no origins, no hooks", () => {
  expect(parseManifest(manifest)).toMatchObject({ id: "parrot", origins: [], hooks: false });
});

test("members of a later contract are ignored, in every part", () => {
  const [native] = description.native;
  const later = {
    ...manifest,
    relay: true,
    description: {
      ...description,
      mood: "cheerful",
      capabilities: { "messages.send": { support: "psychic" } },
      native: [{ ...native, cost: 2 }],
    },
  };
  expect(parseManifest(later)).toMatchObject({ relay: true, description: { mood: "cheerful" } });
});

test.each<[string, unknown, string]>([
  ["nothing", undefined, ""],
  ["a text", "platform", "botyard."],
  ["another kind", { ...manifest, kind: "relay" }, "botyard.kind"],
  ["an id with capitals", { ...manifest, id: "Parrot" }, "botyard.id"],
  ["no title", { ...manifest, title: "" }, "botyard.title"],
  ["text that turns the line round", { ...manifest, title: "a\u202eb" }, "botyard.title"],
  [
    "a help text that moves the cursor",
    {
      ...manifest,
      description: {
        ...description,
        credentials: { key: { title: "Key", holder: "connection", help: "a\u001b[2J", recover: "refetch" } },
      },
    },
    "botyard.description.credentials.key.help",
  ],
  ["a range of npm", { ...manifest, contract: "^1" }, "botyard.contract"],
  ["an entry above", { ...manifest, entry: "a/../../x.js" }, "botyard.entry"],
  ["an absolute entry", { ...manifest, entry: "/x.js" }, "botyard.entry"],
  ["an entry that is no JavaScript", { ...manifest, entry: "plugin.ts" }, "botyard.entry"],
  ["an origin with a user", { ...manifest, origins: ["https://a:b@example.org"] }, "botyard.origins.0"],
  ["an origin for everything", { ...manifest, origins: ["*"] }, "botyard.origins.0"],
  ["no description", { ...manifest, description: undefined }, "botyard.description"],
  ["a noun of the table as id", { ...manifest, id: "bots", description: { ...description, id: "bots" } }, "botyard.id"],
  [
    "a noun of the table as namespace",
    { ...manifest, namespace: "plugins", description: { ...description, namespace: "plugins" } },
    "botyard.namespace",
  ],
])("%s is refused, and the field is named", (_, value, path) => {
  expect(issues(value)[0]).toBe(path);
});

test("a tool may do without a connection, and nothing else", () => {
  const [native] = description.native;
  const at = (run: string, route: string): readonly string[] =>
    issues({ ...manifest, description: { ...description, native: [{ ...native, run, route }] } });
  expect(at("tool", "POST /parrot/squawk")).toEqual([]);
  expect(at("platform", "POST /parrot/squawk")).toEqual(["botyard.description.native.0.route"]);
  expect(at("tool", "POST /keys")).toEqual(["botyard.description.native.0.route"]);
});

test("whatever JSON comes, it is a manifest or refused as one", () => {
  const part = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(manifest)));
  const changed = fc
    .record(Object.fromEntries(Object.keys(manifest).map((name) => [name, part])), { requiredKeys: [] })
    .map((change) => ({ ...manifest, ...change }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), changed), (value) => {
      expect(issues(JSON.parse(JSON.stringify(value)))).toBeInstanceOf(Array);
    }),
  );
});
