import { expect, it } from "vitest";
import { optionEntries, optionEntry, optionRows } from "./option.ts";

const schema = {
  type: "object",
  properties: {
    occ: { type: "string", description: "How to call occ." },
    profiles: { type: "array", items: { enum: ["a", "b"], type: "string" } },
    heartbeatMs: { type: "integer" },
    badge: { anyOf: [{ type: "string" }, { type: "null" }] },
    public: { type: "boolean" },
  },
};

it.each([
  ["occ=123", ["occ", "123"]],
  ["occ=docker exec a=b", ["occ", "docker exec a=b"]],
  ["profiles=a,b", ["profiles", ["a", "b"]]],
  ['profiles=["a"]', ["profiles", ["a"]]],
  ["profiles=", ["profiles", []]],
  ["heartbeatMs=30s", ["heartbeatMs", 30_000]],
  ["heartbeatMs=500", ["heartbeatMs", 500]],
  ["badge=true", ["badge", "true"]],
  ["public=true", ["public", true]],
  ["unknown=5", ["unknown", 5]],
])("reads %s by the platform's schema", (text, entry) => {
  expect(optionEntry(text, "-o", schema)).toEqual(entry);
});

it("takes what looks like JSON for JSON where no schema is known", () => {
  expect(optionEntry("a=[1]", "-o", null)).toEqual(["a", [1]]);
  expect(optionEntry("a=docker exec", "-o", null)).toEqual(["a", "docker exec"]);
  expect(() => optionEntry("novalue", "-o", null)).toThrow(/-o expects key=value/);
});

it("lists what -o takes", () => {
  expect(optionRows(schema).slice(0, 2)).toEqual([
    ["-o occ=string", "How to call occ"],
    ["-o profiles=array", ""],
  ]);
});

it("refuses what the schema does not know, with what was probably meant", () => {
  const strict = { ...schema, additionalProperties: false };
  const said = (text: string): unknown => {
    try {
      optionEntry(text, "-o", strict);
    } catch (error) {
      return (error as { details: { fix?: string } }).details.fix;
    }
    return "accepted";
  };
  expect(said("profile=a")).toBe("did you mean -o profiles=a?");
  expect(said("profiles=c,b")).toBeUndefined();
  expect(() => optionEntry("public=ja", "-o", strict)).toThrow("true or false");
  expect(() => optionEntry("nothing=1", "-o", strict)).toThrow("there is no such setting; there are occ, profiles");
});

it("lets a list grow, and nothing else be given twice", () => {
  expect(optionEntries(["profiles=a", "profiles=b", "occ=x"], "-o", schema)).toEqual({
    profiles: ["a", "b"],
    occ: "x",
  });
  expect(() => optionEntries(["occ=x", "occ=y"], "-o", schema)).toThrow("given twice");
  // A plugin names its settings as it likes.
  expect(optionEntries(["constructor=x"], "-o", null)).toEqual({ constructor: "x" });
  expect(() => optionEntry("toString=x", "-o", { ...schema, additionalProperties: false })).toThrow("no such setting");
});
