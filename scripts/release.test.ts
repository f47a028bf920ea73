import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fileNameOf, targets } from "./compile.ts";
import { rehearsePublishing } from "./release/publish.ts";
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

test("publishing is tried on a registry of our own, which refuses what nobody could install", async () => {
  const folder = mkdtempSync(join(tmpdir(), "botyard-tarballs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const pack = (name: string, dependencies: Record<string, string>): string => {
    const source = join(folder, name);
    const packed = join(source, "packed");
    mkdirSync(packed, { recursive: true });
    writeFileSync(join(source, "package.json"), JSON.stringify({ name, version: "1.0.0", dependencies }));
    // As a packer of another kind would leave it: Bun's own writes versions.
    mkdirSync(join(source, "package"));
    writeFileSync(join(source, "package/package.json"), JSON.stringify({ name, version: "1.0.0", dependencies }));
    spawnSync("tar", ["czf", join(packed, `${name}.tgz`), "-C", source, "package/package.json"]);
    return packed;
  };
  const said: string[] = [];
  await rehearsePublishing(pack("whole", { valibot: "1.5.0" }), (line) => said.push(line));
  expect(said).toEqual(["ok  published to a registry on the loopback: whole"]);
  await expect(rehearsePublishing(pack("inner", { valibot: "workspace:*" }), () => {})).rejects.toThrow(
    /inner: dependency valibot: workspace:\*/,
  );
});
