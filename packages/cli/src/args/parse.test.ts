import { expect, it } from "vitest";
import { type Flag, parseFlags } from "./parse.ts";

const flags: readonly Flag[] = [
  { name: "as", type: "string", hint: "<bot>", summary: "" },
  { name: "connection", short: "c", type: "string", summary: "" },
  { name: "type", type: "string", multiple: true, summary: "" },
  { name: "public", type: "boolean", summary: "" },
  { name: "display-name", type: "string", summary: "" },
];
const parse = (...argv: string[]): ReturnType<typeof parseFlags> => parseFlags(argv, flags, "botyard rooms create");
const refused = (detail: RegExp, fix?: string): object =>
  expect.objectContaining({
    code: "invalid",
    message: expect.stringMatching(detail),
    details: fix === undefined ? expect.anything() : { fix },
  });

it("keeps repeated flags in order, takes short ones, values after = and words after --", () => {
  const { strings, booleans, positionals } = parse(
    "a",
    "-c",
    "chat",
    "--type=x",
    "--no-public",
    "--type",
    "y",
    "--",
    "--as",
  );
  expect([...strings]).toEqual([
    ["connection", ["chat"]],
    ["type", ["x", "y"]],
  ]);
  expect([...booleans]).toEqual([["public", false]]);
  expect(positionals).toEqual(["a", "--as"]);
});

it("suggests the flag that was meant", () => {
  expect(() => parse("--dispaly-name", "x")).toThrow(refused(/no flag --dispaly-name/, "did you mean --display-name?"));
  expect(() => parse("--no-pubic")).toThrow(refused(/no flag --no-pubic/, "did you mean --public?"));
});

it("points to the help where nothing is near", () => {
  expect(() => parse("--frobnicate")).toThrow(refused(/--frobnicate/, "botyard rooms create --help"));
  expect(() => parse("-x")).toThrow(refused(/no flag -x/));
});

it("refuses a flag without its value, a value where none goes, and a flag given twice", () => {
  expect(() => parse("--as")).toThrow(refused(/--as needs a value/));
  expect(() => parse("--as", "--public")).toThrow(refused(/--as needs a value/));
  expect(() => parse("-c")).toThrow(refused(/--connection needs a value/));
  expect(() => parse("--public=yes")).toThrow(refused(/--public takes no value/));
  expect(() => parse("--as", "a", "--as", "b")).toThrow(refused(/--as is given 2 times/));
});
