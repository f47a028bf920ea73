import type { Check, Credential, Event } from "@botyard/sdk";
import { expect, test } from "vitest";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { tinyWorld } from "../fixtures/tiny-platform.ts";
import { createFakeClock } from "../limits/fake-clock.ts";
import { createMemorySealer } from "../secrets/seal.ts";
import { openStore } from "../store/open-store.ts";

const day = 86_400_000;
const soon = { timeout: 2_000, interval: 5 };

/** A bot whose token ends after so many days; what was told of it so far. */
async function scene(days: number) {
  const clock = createFakeClock(Date.UTC(2026, 10, 20, 8));
  const parts = { clock, store: await openStore({ memory: true }), sealer: createMemorySealer(), world: tinyWorld() };
  parts.world.rotate = async () => ({ credential: { kind: "bot-token", secret: "another" } });
  const open = async () => {
    const tiny = await tinyRuntime({ ...parts, receive: true });
    const told = async (): Promise<Event[]> =>
      (
        await tiny.value<{ items: Event[] }>("events.list", { from: "oldest", type: ["credential.expiring"] })
      ).items.filter(({ type }) => type === "credential.expiring");
    const credential = async (): Promise<Credential | undefined> =>
      (await tiny.value<{ items: Credential[] }>("credentials.list", { connection: "chat" })).items.find(
        ({ of }) => of === "helper",
      );
    const connection = () => tiny.value<{ state: string; reason?: string }>("connections.get", { connection: "chat" });
    return { ...tiny, told, credential, connection };
  };
  const first = await open();
  await first.call("bots.create", { connection: "chat", handle: "helper" });
  const expiresAt = new Date(clock.now() + days * day).toISOString();
  parts.world.issue = async () => ({ credential: { kind: "bot-token", secret: "issued", expiresAt } });
  await first.call("credentials.issue", { connection: "chat", bot: "helper" });
  return { ...first, clock, expiresAt, open };
}

test("a credential that ends is told 14 days, 3 days and one day ahead, and is a state until it is renewed", async () => {
  const { runtime, clock, told, credential, connection, call, value, expiresAt } = await scene(60);
  await clock.advance(45 * day);
  expect(await told()).toEqual([]);
  expect(await credential()).toMatchObject({ state: "ready", expiresAt });
  await clock.advance(1 * day);
  await expect.poll(told, soon).toMatchObject([
    {
      bots: ["helper"],
      credential: { kind: "bot-token", of: "helper", expiresAt },
      state: { state: "degraded", reason: `the bot-token of helper ends ${expiresAt}` },
    },
  ]);
  expect(await credential()).toMatchObject({
    state: "degraded",
    reason: `the bot-token of helper ends ${expiresAt}`,
    remedy: "botyard credentials rotate chat/helper",
  });
  expect(await connection()).toMatchObject({ state: "ready", reason: `the bot-token of helper ends ${expiresAt}` });
  const { checks } = await value<{ checks: Check[] }>("connections.probe", { connection: "chat" });
  expect(checks).toContainEqual({
    name: "credential",
    state: "warn",
    detail: `the bot-token of helper ends ${expiresAt}`,
    fix: "botyard credentials rotate chat/helper",
  });
  await clock.advance(11 * day);
  await expect.poll(async () => (await told()).length, soon).toBe(2);
  await clock.advance(2 * day);
  await expect.poll(async () => (await told()).length, soon).toBe(3);
  await call("credentials.rotate", { connection: "chat", bot: "helper" });
  await expect.poll(async () => (await credential())?.state, soon).toBe("ready");
  expect(await connection()).not.toHaveProperty("reason");
  await clock.advance(30 * day);
  expect(await told()).toHaveLength(3);
  await runtime.close({ drainMs: 0 });
});

test("one that has ended says so, and is not told as ending", async () => {
  const { runtime, clock, told, credential, expiresAt } = await scene(60);
  await clock.advance(61 * day);
  await expect
    .poll(credential, soon)
    .toMatchObject({ state: "auth_required", reason: `the bot-token of helper ended ${expiresAt}` });
  expect((await told()).length).toBe(3);
  await runtime.close({ drainMs: 0 });
});

test("a restart tells nothing twice, and a service that was away says where it stands", async () => {
  const { runtime, clock, told, open } = await scene(60);
  await clock.advance(47 * day);
  await expect.poll(async () => (await told()).length, soon).toBe(1);
  await runtime.close({ drainMs: 0 });
  const second = await open();
  await clock.advance(1_000);
  expect(await second.told()).toHaveLength(1);
  await second.runtime.close({ drainMs: 0 });
  await clock.advance(11 * day);
  const third = await open();
  await expect.poll(async () => (await third.told()).length, soon).toBe(2);
  expect(await third.credential()).toMatchObject({ state: "degraded" });
  await third.runtime.close({ drainMs: 0 });
});

test("a credential that is made for a day is not told from its first minute", async () => {
  const { runtime, clock, told } = await scene(1);
  await clock.advance(day / 2);
  expect(await told()).toEqual([]);
  await clock.advance(day / 4);
  await expect.poll(async () => (await told()).length, soon).toBe(1);
  await runtime.close({ drainMs: 0 });
});

test("one without an end is never told", async () => {
  const { runtime, clock, told, call } = await scene(60);
  await call("credentials.rotate", { connection: "chat", bot: "helper" });
  await clock.advance(100 * day);
  expect(await told()).toEqual([]);
  await runtime.close({ drainMs: 0 });
});
