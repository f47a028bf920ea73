import { expect, test } from "vitest";
import { platformsModule } from "./generate.ts";

test("a new platform is one more line", () => {
  const before = platformsModule(["sandbox"]).split("\n");
  const after = platformsModule(["matrix-appservice", "sandbox"]).split("\n");
  const added = after.filter((line) => !before.includes(line));
  expect(after).toHaveLength(before.length + 1);
  expect(added).toEqual([
    '  "matrix-appservice": async () => (await import("../../../plugins/matrix-appservice/src/index.ts")).default,',
  ]);
});
