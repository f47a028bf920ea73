import { describe as describeOperation, describePlatform, platformOf } from "@botyard/core";
import { type AnyPlatform, nativeOperations, type ObjectSchema } from "@botyard/sdk";
import { beforeAll, describe, expect, test } from "vitest";
import { platforms } from "../src/platforms.gen.ts";

// What the host knows of a plugin in a process of its own: it must lose nothing against the code itself.
describe.each(Object.entries(platforms))("%s, rebuilt from its description", (_, load) => {
  let platform: AnyPlatform;
  let rebuilt: AnyPlatform;
  beforeAll(async () => {
    platform = await load();
    rebuilt = platformOf(describePlatform(platform));
  });

  test("says the same of everything", () => {
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(describePlatform(rebuilt)).toEqual(describePlatform(platform));
    const natives = (of: AnyPlatform) =>
      nativeOperations(of).map((operation) => plain(describeOperation(operation, of.id)));
    expect(natives(rebuilt)).toEqual(natives(platform));
  });

  test("its settings are the same fields, as optional as they were", () => {
    const fields = (of: AnyPlatform): readonly string[] =>
      Object.entries((of.settings as ObjectSchema).entries).map(
        ([name, { type }]) => `${name}${type.includes("optional") ? "?" : ""}`,
      );
    expect(fields(rebuilt)).toEqual(fields(platform));
  });
});
