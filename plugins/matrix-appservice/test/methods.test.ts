import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createAppService } from "../src/index.ts";
import * as native from "../src/native.ts";
import { rows, table, testedIn } from "./methods-table.ts";
import { registration } from "./world.ts";

const page = new URL("../METHODS.md", import.meta.url);
const as = createAppService({ registration, homeserverUrl: "http://hs.test" });
const intent = as.botIntent();
const operations = new Map(Object.values(native).map((operation) => [operation.name as string, operation]));

test.each(rows.map((row) => [row.library, row] as const))("%s is there, and tested in each form", (_, row) => {
  const owner: object = row.library.startsWith("as.") ? as : intent;
  const method: unknown = Object.entries(owner).find(([name]) => name === row.library.replace(/^as\./, ""))?.[1];
  expect(typeof method).toBe("function");
  if (row.operation?.startsWith("matrix.") === true) expect(operations.has(row.operation)).toBe(true);
  expect(testedIn(row)).toEqual({ library: true, operation: true });
});

test("every intent method and every native operation is in the table", () => {
  const methods = Object.entries(intent).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
  expect(methods.filter((name) => !rows.some(({ library }) => library === name))).toEqual([]);
  const listed = new Set(rows.map(({ operation }) => operation));
  expect([...operations.keys()].filter((name) => !listed.has(name))).toEqual([
    "matrix.registration",
    "matrix.rotate-tokens",
  ]);
});

test("each field of each operation says what it is", () => {
  const silent: string[] = [];
  for (const [name, { input }] of operations) {
    for (const [field, schema] of Object.entries(input.entries)) {
      if (!JSON.stringify(schema).includes('"description"')) silent.push(`${name} ${field}`);
    }
  }
  expect(silent).toEqual([]);
});

test("the page is up to date", () => {
  const made = table();
  if (process.env["UPDATE_METHODS"] === "1") writeFileSync(page, made);
  // A formatter may align the columns.
  const squeeze = (text: string): string => text.replace(/ +\|/g, " |").replace(/-{3,}/g, "---");
  expect(squeeze(readFileSync(page, "utf8"))).toBe(squeeze(made));
});
