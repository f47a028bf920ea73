import { join } from "node:path";
import { expect, test } from "vitest";
import { fileNameOf, targets } from "./compile.ts";
import { sbom } from "./release/sbom.ts";

const root = join(import.meta.dirname, "..");
const bill = sbom({ root, version: "1.2.3", bun: "1.4.4", time: "2026-11-20T00:00:00.000Z" }) as {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly licenses?: readonly unknown[];
    readonly hashes?: readonly { readonly content: string }[];
  }[];
};
const names = bill.components.map(({ name }) => name);

test("the bill of materials names what is in the binary, with licenses and hashes", () => {
  for (const name of ["bun", "valibot", "hono", "prom-client", "@valibot/to-json-schema"])
    expect(names).toContain(name);
  for (const { name, version, purl, licenses, hashes } of bill.components) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+/);
    expect(purl).toBe(`pkg:npm/${name.replace("@", "%40")}@${version}`);
    expect(licenses, name).toHaveLength(1);
    if (name !== "bun") expect(hashes?.[0]?.content, name).toMatch(/^[0-9a-f]{128}$/);
  }
});

test("it names what those need, once, and nothing that is for developing", () => {
  expect(names).toContain("tdigest"); // of prom-client
  expect(new Set(names).size).toBe(names.length);
  for (const name of ["vitest", "typescript", "oxlint", "fast-check", "@changesets/cli"])
    expect(names).not.toContain(name);
  expect(names.filter((name) => name.startsWith("@botyard/"))).toEqual([]);
});

test("files of a release are told apart by version and target", () => {
  expect(fileNameOf("windows-x64", "1.2.3")).toBe("botyard-1.2.3-windows-x64.exe");
  expect(new Set(targets.map((target) => fileNameOf(target, "1.2.3"))).size).toBe(targets.length);
});
