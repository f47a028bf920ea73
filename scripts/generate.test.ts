import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestSchema, platformsModule, templateModule } from "./generate.ts";

test("a new platform is one more line", () => {
  const before = platformsModule(["sandbox"]).split("\n");
  const after = platformsModule(["matrix-appservice", "sandbox"]).split("\n");
  const added = after.filter((line) => !before.includes(line));
  expect(after).toHaveLength(before.length + 1);
  expect(added).toEqual([
    '  "matrix-appservice": async () => (await import("../../../plugins/matrix-appservice/src/index.ts")).default,',
  ]);
});

test("the template of a new plugin is the example's sources, and the versions they were tried with", () => {
  const text = templateModule(join(import.meta.dirname, "../examples/platform"));
  for (const path of ["README.md", "src/index.ts", "src/simulator/index.ts", "test/contract.test.ts"])
    expect(text).toContain(`  ${JSON.stringify(path)}: `);
  expect(text).not.toMatch(/node_modules|"package\.json": |"tsconfig\.json": |\.results/);
  expect(text).toMatch(/"@botyard\/sdk": "\d+\.\d+\.\d+"/);
});

test("the schema of a manifest asks for what the parser asks for", () => {
  const schema = JSON.parse(manifestSchema()) as { required: string[]; properties: object };
  expect(schema.required.toSorted()).toEqual(["contract", "description", "entry", "id", "kind", "namespace", "title"]);
  expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(["origins", "hooks"]));
});
