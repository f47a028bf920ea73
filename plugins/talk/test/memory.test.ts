import { createFakeHost } from "@botyard/testing";
import { expect, test } from "vitest";
import { openMemory } from "../src/memory.ts";
import type { Settings } from "../src/settings.ts";

const open = () =>
  createFakeHost<Settings>({
    url: "https://cloud.test",
    settings: { occ: "occ", accounts: "", rotation: "keep-identity" },
  });

test("the last ten thousand randoms are known, however many there were", async () => {
  const memory = await openMemory(open());
  for (let at = 0; at < 35_000; at += 1) expect(memory.use("helper", `r${at}`)).not.toBeNull();
  for (let at = 25_000; at < 35_000; at += 1)
    if (memory.use("helper", `r${at}`) !== null) throw new Error(`r${at} was forgotten`);
  expect(memory.use("second", "r34999")).not.toBeNull();
  memory.unuse("helper", "r34999");
  expect(memory.use("helper", "r34999")).not.toBeNull();
});

test("what is stored of them is bounded, and outlives a restart with all else", async () => {
  const host = open();
  const memory = await openMemory(host);
  for (let at = 0; at < 1_500; at += 1) await host.store.put(memory.use("helper", `r${at}`) ?? {});
  await memory.enter("helper", "abcd1234", { name: "Ops" });
  await memory.keepBot("helper", { id: 7, url: "https://bots.test/1", state: 1, features: 11 });
  await memory.hear("helper", { generation: 1, kind: "bot-secret", author: "bots/bot-1" });
  await memory.keepPending("helper", { id: 7, url: "https://bots.test/1" });
  await memory.keepServer({ talk: "21.1.0", askFeatures: false });
  expect((await host.store.list("seen/")).length).toBe(512);

  const again = await openMemory(host);
  expect(again.use("helper", "r1499")).toBeNull();
  expect(again.botsIn("abcd1234")).toEqual(["helper"]);
  expect(again.bot("helper")).toMatchObject({ id: 7, features: 11 });
  expect(again.heard("helper")).toEqual([{ generation: 1, kind: "bot-secret", author: "bots/bot-1" }]);
  expect(again.pending("helper")).toEqual({ id: 7, url: "https://bots.test/1" });
  expect(again.server()).toEqual({ talk: "21.1.0", askFeatures: false });

  await again.forget("helper");
  expect((await host.store.list("")).map(([key]) => key)).toEqual(["server"]);
  expect(again.rooms("helper").size).toBe(0);
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
