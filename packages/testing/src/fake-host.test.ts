import type { EventDraft } from "@botyard/sdk";
import { expect, test } from "vitest";
import { createFakeHost, fakeBot } from "./fake-host.ts";

const draft = (id: string): EventDraft => ({
  key: { kind: "message", id },
  type: "message.created",
  time: "2026-11-20T08:00:00.000Z",
  room: { id: "r1" },
  actor: null,
});

test("the same key is one event; a copy for another bot is a copy, the same copy again a duplicate", async () => {
  const host = createFakeHost({ settings: {} });
  const commit = (bot: string) =>
    host.commit({ via: "frame", bots: [bot], events: [draft("m1")] }, { put: { place: bot } });
  expect(await commit("one")).toEqual({ fresh: 1, copies: 0, duplicates: 0 });
  expect(await commit("two")).toEqual({ fresh: 0, copies: 1, duplicates: 0 });
  expect(await commit("two")).toEqual({ fresh: 0, copies: 0, duplicates: 1 });
  expect(host.events).toHaveLength(1);
  expect(await host.store.get("place")).toBe("two");
});

test("who waits for an event gets it, whether it came before or comes later", async () => {
  const host = createFakeHost({ settings: {} });
  const later = host.event(({ key }) => key?.id === "m2");
  await host.commit({ via: "poll", events: [draft("m1"), draft("m2")] });
  expect((await later).key?.id).toBe("m2");
  expect((await host.event(({ key }) => key?.id === "m1")).key?.id).toBe("m1");
});

test("the newest credential of a kind and holder is found; without a hooks address nothing is guessed", async () => {
  const host = createFakeHost({ settings: {}, hooksUrl: null, bots: [fakeBot({ handle: "helper" })] });
  host.addCredential({ kind: "token", secret: "old", bot: "helper" });
  host.addCredential({ kind: "token", secret: "new", bot: "helper" });
  expect((await host.credentials.find({ kind: "token", bot: "helper" }))?.secret).toBe("new");
  expect(await host.credentials.find({ kind: "token" })).toBeNull();
  expect(() => host.hooks.url("/x")).toThrow(expect.objectContaining({ code: "operator_required" }));
});
