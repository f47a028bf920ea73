import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepareDataDirectory } from "./data-directory.ts";
import { lockService } from "./lock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botyard-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const evalArgs = process.versions["deno"] ? ["eval", "--quiet", "--ext=ts"] : ["-e"];

/** Another process that holds the lock until it is killed. */
async function holder(): Promise<{ pid: number; kill(): Promise<void> }> {
  const code = `
    import { lockService } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
    lockService(${JSON.stringify(folder)});
    console.log("held");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, [...evalArgs, code], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  return {
    pid: child.pid ?? 0,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("lockService", () => {
  it("is refused while another process holds it, and free once that was killed", async () => {
    const other = await holder();
    try {
      expect(() => lockService(folder)).toThrow(
        expect.objectContaining({ code: "conflict", message: expect.stringContaining(`process ${other.pid}`) }),
      );
    } finally {
      await other.kill();
    }
    const lock = lockService(folder);
    lock.release();
  });

  it("is refused twice in one process, and free after release", () => {
    const lock = lockService(folder);
    expect(() => lockService(folder)).toThrow(expect.objectContaining({ code: "conflict" }));
    // A refused one must not have let go of the lock of the first.
    expect(() => lockService(folder)).toThrow(expect.objectContaining({ code: "conflict" }));
    lock.release();
    lock.release();
    expect(existsSync(join(folder, "service.pid"))).toBe(false);
    lockService(folder).release();
  });
});

describe("prepareDataDirectory", () => {
  it("makes the folder and its parents for its user alone, and leaves an existing one", () => {
    const path = join(folder, "a", "b");
    prepareDataDirectory(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    chmodSync(path, 0o750);
    prepareDataDirectory(path);
    expect(statSync(path).mode & 0o777).toBe(0o750);
  });

  it("says when it is a file, or lies under one", () => {
    const file = join(folder, "file");
    writeFileSync(file, "text");
    const refused = expect.objectContaining({ code: "invalid", message: expect.stringContaining("is a file") });
    expect(() => prepareDataDirectory(file)).toThrow(refused);
    expect(() => prepareDataDirectory(join(file, "below"))).toThrow(refused);
  });

  it.skipIf(process.getuid?.() === 0)("says when it cannot be written (needs a user other than root)", () => {
    chmodSync(folder, 0o500);
    expect(() => prepareDataDirectory(folder)).toThrow(expect.objectContaining({ code: "forbidden" }));
    chmodSync(folder, 0o700);
  });

  it.skipIf(process.platform !== "linux")("says when nothing can be made there (needs Linux's /proc)", () => {
    expect(() => prepareDataDirectory("/proc")).toThrow(expect.objectContaining({ code: "forbidden" }));
  });
});
