import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { callOf } from "./self.ts";

const from = (execPath: string, script: string, env = {}, deno = false): string =>
  callOf({ execPath, argv: [execPath, script], env, deno });

it("calls itself from source as it was called, quoted where a shell needs it", () => {
  expect(from("/opt/bun", "/src/main.ts")).toBe("/opt/bun /src/main.ts");
  expect(from("/opt/deno", "/my src/main.ts", {}, true)).toBe("/opt/deno run -A '/my src/main.ts'");
  expect(from("/opt/it's/bun", "/m.ts")).toBe(String.raw`'/opt/it'\''s/bun' /m.ts`);
});

it("calls the binary by its name only where a shell would find this very one", () => {
  const folder = mkdtempSync(join(tmpdir(), "botyard-self-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const binary = join(folder, "botyard");
  writeFileSync(binary, "");
  chmodSync(binary, 0o755);
  const inside = "/$bunfs/root/botyard";
  expect(from(binary, inside, { PATH: `/nowhere:${folder}` })).toBe("botyard");
  expect(from(binary, inside, { PATH: "/usr/bin" })).toBe(binary);
  const other = mkdtempSync(join(tmpdir(), "botyard-self-"));
  onTestFinished(() => rmSync(other, { recursive: true }));
  symlinkSync("/bin/sh", join(other, "botyard"));
  expect(from(binary, inside, { PATH: `${other}:${folder}` })).toBe(binary);
});
