import { createFakeHost } from "@botyard/testing";
import { expect, test } from "vitest";
import { type Memory, openMemory } from "../src/memory.ts";
import type { Settings } from "../src/settings.ts";

const open = () =>
  createFakeHost<Settings>({
    url: "https://cloud.test",
    settings: { occ: "occ", accounts: "", rotation: "keep-identity" },
  });

test("the last ten thousand randoms are known, however many there were", async () => {
  const { randoms } = await openMemory(open());
  for (let at = 0; at < 35_000; at += 1) expect(randoms.use("helper", `r${at}`)).toBe(true);
  for (let at = 25_000; at < 35_000; at += 1)
    if (randoms.use("helper", `r${at}`)) throw new Error(`r${at} was forgotten`);
  expect(randoms.use("second", "r34999")).toBe(true);
  randoms.unuse("helper", "r34999");
  expect(randoms.use("helper", "r34999")).toBe(true);
});

/** Uses and stores randoms of `helper` one after the other. */
async function store(memory: Memory, host: ReturnType<typeof open>, from: number, to: number, canWait: boolean) {
  for (let at = from; at < to; at += 1) {
    expect(memory.randoms.use("helper", `r${at}`)).toBe(true);
    await host.store.put(memory.randoms.keep("helper", `r${at}`, canWait) ?? {});
  }
}

test("what is stored of them is bounded, and outlives a restart with all else", async () => {
  const host = open();
  const memory = await openMemory(host);
  await store(memory, host, 0, 1_500, true);
  await memory.enter("helper", "abcd1234", { name: "Ops" });
  await memory.keepBot("helper", { id: 7, url: "https://bots.test/1", state: 1, features: 11 });
  await memory.hear("helper", { generation: 1, kind: "bot-secret", author: "bots/bot-1" });
  await memory.keepPending("helper", { id: 7, url: "https://bots.test/1" });
  await memory.keepServer({ talk: "21.1.0", askFeatures: false });
  await memory.flush();
  expect((await host.store.list("randoms/")).length).toBe(16);

  const again = await openMemory(host);
  for (let at = 1_500 - 15 * 32; at < 1_500; at += 1) expect(again.randoms.use("helper", `r${at}`)).toBe(false);
  expect(again.botsIn("abcd1234")).toEqual(["helper"]);
  expect(again.bot("helper")).toMatchObject({ id: 7, features: 11 });
  expect(again.heard("helper")).toEqual([{ generation: 1, kind: "bot-secret", author: "bots/bot-1" }]);
  expect(again.pending("helper")).toEqual({ id: 7, url: "https://bots.test/1" });
  expect(again.server()).toEqual({ talk: "21.1.0", askFeatures: false });

  await again.forget("helper");
  expect((await host.store.list("")).map(([key]) => key)).toEqual(["server"]);
  expect(again.rooms("helper").size).toBe(0);
});

test("a random that cannot wait is stored at once, with those that waited", async () => {
  const host = open();
  const memory = await openMemory(host);
  await store(memory, host, 0, 5, true);
  expect(await host.store.list("randoms/")).toEqual([]);
  await store(memory, host, 5, 6, false);
  const { randoms } = await openMemory(host);
  for (let at = 0; at < 6; at += 1) expect(randoms.use("helper", `r${at}`)).toBe(false);
});

test("a block that is not full is gone on with after a restart: few randoms and many restarts forget none", async () => {
  const host = open();
  for (let at = 0; at < 100; at += 1) {
    const memory = await openMemory(host);
    await store(memory, host, at, at + 1, true);
    await memory.flush();
  }
  const { randoms } = await openMemory(host);
  for (let at = 0; at < 100; at += 1) expect(randoms.use("helper", `r${at}`)).toBe(false);
});

test("randoms an earlier version stored are known still, in today's form", async () => {
  const host = open();
  await host.store.put(Object.fromEntries(Array.from({ length: 512 }, (_, at) => [`seen/helper/${at}`, `r${at}`])));
  await openMemory(host);
  expect(await host.store.list("seen/")).toEqual([]);
  const { randoms } = await openMemory(host);
  for (let at = 0; at < 512; at += 1) expect(randoms.use("helper", `r${at}`)).toBe(false);
});

test("a room that is renamed is known by its new name; the same again writes nothing", async () => {
  const memory = await openMemory(open());
  await memory.enter("helper", "abcd1234", { name: "Ops" });
  expect(memory.entering("helper", "abcd1234", { name: "Ops" })).toEqual({});
  expect(memory.entering("helper", "abcd1234", { name: null })).toEqual({});
  expect(memory.entering("helper", "abcd1234", { name: "Ops 2" })).toEqual({
    "room/helper/abcd1234": { name: "Ops 2" },
  });
});
