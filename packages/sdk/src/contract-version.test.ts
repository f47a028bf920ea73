import { expect, test } from "vitest";
import { acceptsContract, contractRefusal, contractVersion } from "./contract-version.ts";

const here = contractVersion;

test.each([`${here}`, `${here} || ${here + 1}`, `${here - 1} || ${here}`])("a plugin for %s runs here", (made) => {
  expect(acceptsContract(made)).toBe(true);
  expect(contractRefusal("zulip 1.0.0", made)).toBeNull();
});

test.each([
  [`${here + 1}`, "update Botyard"],
  [`${here + 1} || ${here + 2}`, "update Botyard"],
  [`${here - 1}`, "install a newer version of the plugin"],
  ["", "does not say which contract"],
  ["*", "does not say which contract"],
  ["1.x", "does not say which contract"],
])("a plugin for %j is refused, and the refusal says what helps: %s", (made, way) => {
  expect(acceptsContract(made)).toBe(false);
  const said = contractRefusal("zulip 1.0.0", made);
  expect(said).toContain("zulip 1.0.0");
  expect(said).toContain(`this Botyard has contract ${here}`);
  expect(said).toContain(way);
});
