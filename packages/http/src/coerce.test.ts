import type { JsonSchema } from "@botyard/core";
import { expect, it } from "vitest";
import { coercion } from "./coerce.ts";

const number = { type: "number" };
const text = { type: "string" };
const cases: readonly (readonly [JsonSchema, readonly string[], unknown])[] = [
  [number, ["5"], 5],
  [{ type: "integer" }, ["-3"], -3],
  [number, ["1e3"], 1000],
  [number, [""], ""],
  [number, ["0x10"], "0x10"],
  [number, ["Infinity"], "Infinity"],
  [number, ["1", "2"], [1, 2]],
  [{ type: "boolean" }, ["true"], true],
  [{ type: "boolean" }, ["yes"], "yes"],
  [text, ["5"], "5"],
  [{ anyOf: [number, text] }, ["5"], "5"],
  [{ anyOf: [number, { type: "null" }] }, ["5"], 5],
  [{ type: ["number", "null"] }, ["5"], 5],
  [{ const: 5 }, ["5"], 5],
  [{ enum: ["now", "oldest"] }, ["now"], "now"],
  [{ $ref: "#/components/schemas/StateName" }, ["ready"], "ready"],
  [{ type: "array", items: number }, ["1,2", "3"], [1, 2, 3]],
  [{ anyOf: [{ type: "array", items: number }, { type: "null" }] }, ["1"], [1]],
  [{ type: "array" }, ["a"], ["a"]],
  [{ type: "object" }, ['{"a":1}'], { a: 1 }],
  [{ type: "object" }, ["{broken"], "{broken"],
];

for (const [schema, texts, value] of cases)
  it(`makes ${JSON.stringify(value)} of ${JSON.stringify(texts)} for ${JSON.stringify(schema)}`, () => {
    expect(coercion(schema)(texts)).toEqual(value);
  });
