import { describe, expect, test } from "vitest";
import { fileProblems } from "./files.ts";
import { importProblems, specifiers } from "./imports.ts";
import { operationProblems } from "./operations.ts";
import type { Source } from "./sources.ts";

function source(path: string, text: string, more: Partial<Source> = {}): Source {
  return { path, text, test: false, generated: false, ...more };
}

function problems(text: string): string[] {
  const sources = [source("packages/http/src/a/b.ts", text)];
  return importProblems([{ folder: "packages/http", kind: "packages", sources }]);
}

describe("imports", () => {
  test("a path out of the package is found, static, dynamic or re-exported", () => {
    expect(problems('import { a } from "../../../cli/src/index.ts";')).toHaveLength(1);
    expect(problems('const a = await import("../../../cli/src/index.ts");')).toHaveLength(1);
    expect(problems('export * from "../../../cli/src/index.ts";')).toHaveLength(1);
    expect(problems('import { a } from "@botyard/sdk/../core";')).toHaveLength(1);
  });

  test("a path inside it is fine, with its extension", () => {
    expect(problems('import { a } from "../c.ts";')).toEqual([]);
    expect(problems('import { a } from "../c";')).toHaveLength(1);
  });

  test("comments import nothing", () => {
    expect(specifiers({ text: '/**\n * import { a } from "x";\n */\n// import "y";\nimport "z";' })).toEqual(["z"]);
  });
});

describe("files", () => {
  const long = "x\n".repeat(301);

  test("300 lines of source, 600 of tests, any number of generated ones", () => {
    expect(fileProblems([source("a.ts", long)])).toHaveLength(1);
    expect(fileProblems([source("a.test.ts", long, { test: true })])).toEqual([]);
    expect(fileProblems([source("a.test.ts", long + long, { test: true })])).toHaveLength(1);
    expect(fileProblems([source("a.gen.ts", long, { generated: true })])).toEqual([]);
  });
});

describe("operations", () => {
  const table = [
    { name: "bots.list", run: "platform" },
    { name: "keys.list", run: "core" },
  ];

  test("an operation that only says none has no implementer", () => {
    const none = { capabilities: { "bots.list": { support: "none" } } };
    const native = { capabilities: { "bots.list": { support: "native" } } };
    expect(operationProblems(table, [none])).toHaveLength(1);
    expect(operationProblems(table, [none, native])).toEqual([]);
  });
});
