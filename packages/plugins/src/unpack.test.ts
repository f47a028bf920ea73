import { gzipSync } from "node:zlib";
import { isBotyardError } from "@botyard/sdk";
import fc from "fast-check";
import { packTar, type TarHeader } from "modern-tar";
import { describe, expect, test } from "vitest";
import { fakePlugin, fakeTarball } from "./fake-plugin.ts";
import { limits } from "./limits.ts";
import { unpack } from "./unpack.ts";

type Entry = { readonly header: Partial<TarHeader> & { readonly name: string }; readonly body?: string };

async function tarball(...entries: readonly Entry[]): Promise<Uint8Array> {
  const tar = await packTar(
    entries.map(({ header, body = "" }) => ({ header: { size: body.length, type: "file", ...header }, body })),
  );
  return gzipSync(tar);
}

const reason = async (bytes: Uint8Array): Promise<string> => {
  try {
    await unpack(bytes);
  } catch (error) {
    if (isBotyardError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "unpacked";
};

const good = { header: { name: "package/package.json" }, body: "{}" };

test("the files of a package come back as they went in", async () => {
  const files = await unpack(await fakeTarball({ more: { "dist/a/b.js": "1", "ünïcode.md": "é" } }));
  expect([...files.keys()].sort()).toEqual(["dist/a/b.js", "package.json", "plugin.js", "ünïcode.md"]);
  expect(files.get("package.json")).toEqual(fakePlugin().get("package.json"));
});

test("a long path and a folder of another name are a package too", async () => {
  const long = `${"folder/".repeat(25)}file.js`;
  const files = await unpack(await tarball({ header: { name: `zulip-1.0.0/${long}` }, body: "x" }));
  expect([...files.keys()]).toEqual([long]);
});

describe("what is no plain file inside the package is refused", () => {
  test.each([
    ["package/../../evil.js", "leaves the package"],
    ["../evil.js", "leaves the package"],
    ["package/a/../../../evil.js", "leaves the package"],
    ["/etc/cron.d/evil", "absolute path"],
    ["package//etc/passwd", "not every disk takes"],
    ["package/C:\\evil.js", "not every disk takes"],
    ["package/..\\..\\evil.js", "not every disk takes"],
    ["package/a\u0007b.js", "not every disk takes"],
    ["package/con.js", "not every disk takes"],
    ["package/trailing.", "not every disk takes"],
    ["evil.js", 'outside its folder "package"'],
    [`package/${"d/".repeat(limits.depth)}x`, "folders in one another"],
    [`package/${"x".repeat(limits.path)}`, "characters"],
  ])("%s", async (name, why) => {
    const said = await reason(await tarball(good, { header: { name }, body: "x" }));
    expect(said).toContain("invalid: ");
    expect(said).toContain(why);
    expect(said).toContain("Nothing was installed");
    expect(said).not.toMatch(/[\u0000-\u001f]/);
  });

  test.each([
    ["symlink", "/etc/passwd"],
    ["symlink", "plugin.js"],
    ["link", "../../../etc/passwd"],
    ["character-device", undefined],
    ["block-device", undefined],
    ["fifo", undefined],
  ] as const)("a %s to %s", async (type, linkname) => {
    const header = { name: "package/evil.js", type, size: 0, ...(linkname === undefined ? {} : { linkname }) };
    expect(await reason(await tarball(good, { header }))).toMatch(/invalid: the tarball holds a .*evil\.js/);
  });

  test.each([
    ["package/plugin.js", "package/plugin.js"],
    ["package/plugin.js", "package/PLUGIN.js"],
    ["package/plugin.js", "package/plugin.js/inside.js"],
    ["package/e\u0301.js", "package/\u00e9.js"],
  ])("%s beside %s", async (one, other) => {
    const said = await reason(
      await tarball({ header: { name: one }, body: "1" }, { header: { name: other }, body: "2" }),
    );
    expect(said).toMatch(/twice|two things/);
  });
});

describe("bombs end early", () => {
  test("much from little", async () => {
    const bomb = await tarball(good, { header: { name: "package/zero.js" }, body: "\0".repeat(limits.small + 1024) });
    expect(bomb.length).toBeLessThan(100_000);
    expect(await reason(bomb)).toBe(
      "too_large: the tarball unpacks to more than 16 MB, which no plugin needs. Nothing was installed",
    );
  });

  test("too many files", async () => {
    const entries = Array.from({ length: limits.files + 1 }, (_, n) => ({ header: { name: `package/${n}.js` } }));
    expect(await reason(await tarball(...entries))).toContain("too_large: ");
  });

  test("a tarball that is too large itself", async () => {
    expect(await reason(new Uint8Array(limits.packed + 1))).toContain("too_large: ");
  });
});

describe("damage", () => {
  test.each([
    ["no gzip", new TextEncoder().encode("hello")],
    ["nothing", new Uint8Array()],
    ["gzip of no tarball", gzipSync("x".repeat(2000))],
  ])("%s", async (_, bytes) => {
    expect(await reason(bytes)).toContain("invalid: the tarball is damaged");
  });

  test("cut anywhere, it is refused and never half of it taken", async () => {
    const whole = await fakeTarball({ more: { "a.js": "abc".repeat(3000) } });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 9 }), async (end) => {
        expect(await reason(whole.subarray(0, end))).toContain("invalid: ");
      }),
      { numRuns: 60 },
    );
  });
});
