import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { createFakeIo } from "../fake-io.ts";
import { findService, type FoundService } from "./find.ts";
import { removeServiceFile, writeServiceFile } from "./service-file.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "botyard-find-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
});

interface Given {
  readonly url?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Addresses where a service answers. */
  readonly alive?: readonly string[];
  readonly dataDir?: string;
}

function find({ url, env = {}, alive = [], ...given }: Given = {}): Promise<FoundService | null> {
  return findService({
    io: createFakeIo({ env: { USER: "me", ...env } }),
    globals: { url: url ?? null },
    dataDir: given.dataDir ?? dataDir,
    usualDataDir: given.dataDir !== undefined,
    self: "botyard",
    fetch: async (target) => {
      if (!alive.some((one) => target === `${one}/healthz`)) throw new TypeError("refused");
      return new Response("{}");
    },
  });
}

const here = "http://127.0.0.1:9999";
const running = async (key?: string): Promise<void> => {
  await writeServiceFile(dataDir, { url: here, pid: 1, version: "0" });
  if (key !== undefined) writeFileSync(join(dataDir, "admin.key"), `${key}\n`);
};

it("finds none where none was started, none where it died, and none after it has ended", async () => {
  expect(await find()).toBeNull();
  await running("by_1");
  expect(await find({ alive: [] })).toBeNull();
  await removeServiceFile(dataDir);
  expect(await find({ alive: [here] })).toBeNull();
});

it("finds the one on the data directory with its key", async () => {
  await running("by_1");
  expect(await find({ alive: [here] })).toEqual({ url: here, key: "by_1" });
});

it("lets --url win over BOTYARD_URL, and both over the data directory", async () => {
  await running("by_1");
  const env = { BOTYARD_URL: "http://a/", BOTYARD_KEY: "by_2" };
  expect(await find({ env, alive: [here] })).toEqual({ url: "http://a", key: "by_2" });
  expect(await find({ env, url: "http://b" })).toEqual({ url: "http://b", key: "by_2" });
  expect(await find({ url: here })).toEqual({ url: here, key: "by_1" });
  await expect(find({ url: "nonsense" })).rejects.toMatchObject({ code: "invalid" });
});

it("refuses to work beside a service whose key it cannot read", async () => {
  await running();
  await expect(find({ alive: [here] })).rejects.toMatchObject({
    code: "unauthenticated",
    message: expect.stringContaining(`answers at ${here}`) as string,
    details: { fix: expect.stringContaining("keys create me --preset admin") as string },
  });
  await expect(find({ url: "http://a", alive: ["http://a"] })).rejects.toMatchObject({ code: "unauthenticated" });
  await expect(find({ url: "http://a" })).rejects.toMatchObject({
    code: "unreachable",
    details: { fix: "botyard serve" },
  });
});

it("notices the service of another user at the usual place, but only when no other place was named", async () => {
  const missing = join(dataDir, "none");
  const alive = ["http://127.0.0.1:8470"];
  await expect(find({ dataDir: missing, alive })).rejects.toMatchObject({ code: "unauthenticated" });
  expect(await find({ dataDir: missing, alive, env: { BOTYARD_KEY: "by_3" } })).toEqual({ url: alive[0], key: "by_3" });
  mkdirSync(missing);
  expect(await find({ dataDir: missing, alive })).toBeNull();
  expect(await find({ alive })).toBeNull();
});
