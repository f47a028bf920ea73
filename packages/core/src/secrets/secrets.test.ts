import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatSource, parseSecret, resolveSecret } from "./reference.ts";
import { createMemorySealer, openSealer, sealFileOf } from "./seal.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botyard-secrets-"));
  file = join(folder, "seal.key");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const secret = "t0k3n-☃-of-the-bot";
const caught = async (work: () => unknown): Promise<Error & { code?: string; details?: { fix?: string } }> => {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
};

describe("openSealer", () => {
  it("makes its key file when something is sealed for the first time, for its user alone", () => {
    const sealer = openSealer({ file, sealed: [] });
    expect(existsSync(file)).toBe(false);
    const sealed = sealer.seal("credential chat/bot", secret);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(sealer.open("credential chat/bot", sealed)).toBe(secret);
    const again = openSealer({ file, sealed: [{ name: "credential chat/bot", sealed }] });
    expect(again.open("credential chat/bot", sealed)).toBe(secret);
  });

  it("never seals the same secret to the same text, and never to one that shows it", () => {
    const sealer = createMemorySealer();
    const [one, two] = [sealer.seal("a", secret), sealer.seal("a", secret)];
    expect(one).not.toBe(two);
    expect(Buffer.from(one, "base64").includes(secret)).toBe(false);
  });

  it("opens under the name it was sealed with and no other", async () => {
    const sealer = createMemorySealer();
    const sealed = sealer.seal("credential chat/a", secret);
    const error = await caught(() => sealer.open("credential chat/b", sealed));
    expect(error).toMatchObject({ code: "internal", message: expect.stringContaining("credential chat/b") });
  });

  it("finds every changed byte", async () => {
    const sealer = createMemorySealer();
    const sealed = sealer.sealBytes("raw", new Uint8Array([1, 2, 3]));
    expect([...sealer.openBytes("raw", sealed)]).toEqual([1, 2, 3]);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed, (byte, index) => (index === at ? byte ^ 1 : byte));
      await caught(() => sealer.openBytes("raw", changed));
    }
    await caught(() => sealer.openBytes("raw", sealed.subarray(0, 20)));
  });

  it("names the secrets that a lost key makes unreadable, and makes no new key", async () => {
    const sealed = openSealer({ file, sealed: [] }).seal("credential chat/admin-token", secret);
    rmSync(file);
    const records = [{ name: "credential chat/admin-token", sealed }];
    const error = await caught(() => openSealer({ file, sealed: records }));
    expect(error.code).toBe("internal");
    expect(error.message).toContain("is missing");
    expect(error.message).toContain("credential chat/admin-token");
    expect(error.details?.fix).toContain("BOTYARD_SEAL_FILE");
    expect(existsSync(file)).toBe(false);
  });

  it("names the secrets that a wrong key does not open, and leaves the file", async () => {
    const sealed = openSealer({ file: join(folder, "old.key"), sealed: [] }).seal("a", secret);
    openSealer({ file, sealed: [] }).seal("b", "x");
    const before = readFileSync(file, "utf8");
    const error = await caught(() => openSealer({ file, sealed: [{ name: "a", sealed }] }));
    expect(error).toMatchObject({ code: "internal", message: expect.stringContaining("unreadable: a") });
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  it("refuses a file that holds no key, and leaves it", async () => {
    writeFileSync(file, "half a k");
    const error = await caught(() => openSealer({ file, sealed: [] }));
    expect(error).toMatchObject({ code: "internal", message: expect.stringContaining("holds no key") });
    expect(readFileSync(file, "utf8")).toBe("half a k");
  });

  it("takes the key of another process that was faster", () => {
    const [one, two] = [openSealer({ file, sealed: [] }), openSealer({ file, sealed: [] })];
    const sealed = one.seal("a", secret);
    expect(two.open("a", sealed)).toBe(secret);
  });

  it("finds its file", () => {
    expect(sealFileOf("/data", {})).toBe("/data/seal.key");
    expect(sealFileOf("/data", { BOTYARD_SEAL_FILE: "/keys/a" })).toBe("/keys/a");
  });
});

describe("references", () => {
  it("tells the three kinds apart and writes them back", () => {
    expect(["env:CHAT_TOKEN", "file:/run/secrets/chat", secret].map((text) => formatSource(parseSecret(text)))).toEqual(
      ["env:CHAT_TOKEN", "file:/run/secrets/chat", "sealed"],
    );
  });

  it("does not repeat what follows env: when it is no name", async () => {
    const error = await caught(() => parseSecret(`env:${secret}`));
    expect(error.code).toBe("invalid");
    expect(error.message).not.toContain(secret);
    expect((await caught(() => parseSecret("file:"))).code).toBe("invalid");
  });

  it("reads variables and files, without the line end", async () => {
    expect(resolveSecret({ kind: "env", name: "A" }, { A: "value" })).toBe("value");
    writeFileSync(join(folder, "a"), `${secret}\r\n`);
    expect(resolveSecret({ kind: "file", path: join(folder, "a") })).toBe(secret);
    expect(resolveSecret({ kind: "literal", secret })).toBe(secret);
  });

  it.each([
    [{ kind: "env", name: "MISSING" }, "MISSING is not set"],
    [{ kind: "env", name: "EMPTY" }, "is empty"],
    [{ kind: "env", name: "LONG" }, "longer than"],
    [{ kind: "file", path: "/nowhere/at/all" }, "ENOENT"],
  ] as const)("says what is wrong with %o", async (source, text) => {
    const error = await caught(() => resolveSecret(source, { EMPTY: "", LONG: "x".repeat(20_000) }));
    expect(error).toMatchObject({ code: "invalid", message: expect.stringContaining(text) });
    expect(error.message).not.toContain("xxxxx");
  });
});
