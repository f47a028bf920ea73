import { type AnyPlatform, defineOperation, type FieldMeta, NativeId, room, stream } from "@botyard/sdk";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { schemaFrom } from "./from-json-schema.ts";
import { jsonSchemaOf } from "./json-schema.ts";
import { describePlatform, platformOf } from "./platform.ts";
import { tinyPlatform, tinyWorld } from "../fixtures/tiny-platform.ts";

/** Schemas as plugins write them, with what each must take and refuse once it has been JSON. */
const samples: readonly [string, v.GenericSchema, readonly unknown[], readonly unknown[]][] = [
  ["string", v.string(), ["", "a"], [1, null]],
  ["lengths", v.pipe(v.string(), v.minLength(1), v.maxLength(3)), ["a", "abc"], ["", "abcd"]],
  ["integer in bounds", v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5)), [1, 5], [0, 6, 1.5]],
  ["picklist", v.picklist(["a", "b"]), ["a"], ["c", 1]],
  ["literal", v.literal("on"), ["on"], ["off"]],
  ["boolean", v.boolean(), [true], ["true"]],
  ["nullable", v.nullable(v.string()), [null, "a"], [1]],
  ["nullable union", v.nullable(v.union([v.string(), v.number()])), [null, "a", 1], [true]],
  ["array", v.pipe(v.array(v.number()), v.maxLength(2)), [[], [1, 2]], [[1, 2, 3], ["a"], "a"]],
  ["tuple", v.strictTuple([v.string(), v.number()]), [["a", 1]], [["a"], ["a", 1, 2]]],
  ["record", v.record(v.string(), v.number()), [{ a: 1 }], [{ a: "b" }]],
  [
    "strict object",
    v.strictObject({ a: v.string(), b: v.optional(v.number()) }),
    [{ a: "x" }, { a: "x", b: 1 }],
    [{}, { a: "x", c: 1 }],
  ],
  ["rest", v.objectWithRest({ a: v.string() }, v.number()), [{ a: "x", b: 1 }], [{ a: "x", b: "y" }]],
  [
    "variant",
    v.variant("kind", [v.object({ kind: v.literal("a"), n: v.number() }), v.object({ kind: v.literal("b") })]),
    [{ kind: "a", n: 1 }, { kind: "b" }],
    [{ kind: "a" }, { kind: "c" }],
  ],
  [
    "intersect",
    v.intersect([v.object({ a: v.string() }), v.object({ b: v.number() })]),
    [{ a: "x", b: 1 }],
    [{ a: "x" }],
  ],
  ["time", v.pipe(v.string(), v.isoTimestamp()), ["2026-11-20T08:14:03.120Z"], ["yesterday"]],
  ["url", v.pipe(v.string(), v.url()), ["https://a.example"], ["a b"]],
  ["an id of the SDK", NativeId, ["abc"], ["../x", ""]],
  ["never", v.never(), [], [1, undefined]],
  ["unknown", v.unknown(), [1, "a", null], []],
];

describe.each(samples)("%s", (_, schema, good, bad) => {
  test.each(["input", "output"] as const)("as %s takes and refuses the same after it was JSON", (mode) => {
    const made = schemaFrom(JSON.parse(JSON.stringify(jsonSchemaOf(schema, mode))) as Record<string, unknown>);
    for (const value of good) expect([value, v.is(schema, value), v.is(made, value)]).toEqual([value, true, true]);
    for (const value of bad) expect([value, v.is(schema, value), v.is(made, value)]).toEqual([value, false, false]);
  });
});

test("what a JSON Schema of somebody else says is let through, and patterns are not run here", () => {
  for (const json of [{}, { type: "moon" }, { $dynamicRef: "#x" }, { type: "string", pattern: "^(a+)+$" }])
    expect(v.is(schemaFrom(json), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")).toBe(true);
});

function withNative(native: object, more: Partial<AnyPlatform> = {}): AnyPlatform {
  return { ...tinyPlatform(tinyWorld()), native, ...more };
}

const secret = { "x-botyard": { secret: true } } satisfies FieldMeta;
const write = defineOperation({
  name: "tiny.write",
  summary: "Write",
  run: "platform",
  effect: "send",
  destructive: true,
  route: "POST /connections/{connection}/tiny/{room}/write",
  input: v.strictObject({
    connection: v.string(),
    room,
    size: v.optional(v.number(), 5),
    token: v.pipe(v.string(), v.metadata(secret)),
  }),
  output: v.object({ id: v.string() }),
});
const watch = defineOperation({
  name: "tiny.watch",
  summary: "Watch",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/tiny/watch",
  input: v.strictObject({ connection: v.string() }),
  output: stream(v.object({ n: v.number() })),
});

test("a platform survives being JSON: fields keep what they name, secrets, defaults; streams stay streams", () => {
  const described = describePlatform(withNative({ write, watch }));
  const again = platformOf(JSON.parse(JSON.stringify(described)) as typeof described);
  expect(describePlatform(again)).toEqual(described);
  const operation = (again.native as Record<string, { input: v.GenericSchema }>)["tiny.write"];
  expect(described.native[0]?.fields).toMatchObject([
    { name: "connection", required: true },
    { name: "room", ref: "room", required: true },
    { name: "size", required: false, schema: { default: 5 } },
    { name: "token", secret: true },
  ]);
  expect(v.parse(operation?.input as v.GenericSchema, { connection: "c", room: "r", token: "t" })).toEqual({
    connection: "c",
    room: "r",
    size: 5,
    token: "t",
  });
  expect(described.native[1]?.output).toMatchObject({ kind: "stream" });
});

test("a schema that no manifest can say is refused by name", () => {
  interface Tree {
    readonly branches: readonly Tree[];
  }
  const tree: v.GenericSchema<Tree> = v.object({ branches: v.array(v.lazy(() => tree)) });
  expect(() => describePlatform(withNative({}, { extras: { Bot: tree } }))).toThrow(
    /tiny: extras of Bot refers to itself/,
  );
});

test("without its code a platform says that it does not run", () => {
  const again = platformOf(describePlatform(withNative({})));
  expect(() => again.open({} as never)).toThrow(/its code does not run/);
});
