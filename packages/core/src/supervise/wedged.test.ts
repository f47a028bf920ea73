import { expect, test } from "vitest";
import { tinyWorld } from "../fixtures/tiny-platform.ts";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { draft } from "../log/test-log.ts";
import { createFakeClock } from "../limits/fake-clock.ts";

// Counts, not times: everything of the well connection ends while nothing of the wedged one does.

const soon = { timeout: 5_000, interval: 5 };
const never = new Promise<never>(() => {});

/** Two connections of one platform; sends of `stuck` never end. */
async function twoConnections() {
  const world = tinyWorld();
  // No timer helps: the clock stands unless it is moved.
  const clock = createFakeClock();
  const tiny = await tinyRuntime({ receive: true, world, clock });
  await tiny.call("connections.create", { id: "stuck", platform: "tiny" });
  for (const connection of ["chat", "stuck"]) await tiny.call("bots.create", { connection, handle: "helper" });
  const hung: string[] = [];
  const send = world.send;
  world.send = (text, call) => {
    if (!text.startsWith("stuck")) return send(text, call);
    hung.push(text);
    return never;
  };
  return { ...tiny, clock, hung };
}

test("a wedged server or plugin holds up no call, no queue and no event of another connection", async () => {
  const { call, hung, runtime, value } = await twoConnections();
  const { core } = runtime;
  const room = { room: "lobby", as: "helper" };
  let ended = 0;
  for (let n = 0; n < 50; n += 1) {
    void call("messages.send", { connection: "stuck", ...room, text: `stuck ${n}` }).then(
      () => (ended += 1),
      () => (ended += 1),
    );
    await call("messages.send", { connection: "stuck", ...room, text: `stuck later ${n}` }, { wait: false });
  }
  await expect.poll(() => hung.length, soon).toBeGreaterThanOrEqual(51);

  for (let n = 0; n < 200; n += 1) await call("messages.send", { connection: "chat", ...room, text: `well ${n}` });
  const queued: string[] = [];
  for (let n = 0; n < 50; n += 1) {
    const { operation } = await value<{ operation: string }>(
      "messages.send",
      { connection: "chat", ...room, text: `later ${n}` },
      { wait: false },
    );
    queued.push(operation);
  }
  for (const operation of queued)
    await expect.poll(async () => (await value("ledger.get", { operation }))["state"], soon).toBe("done");
  for (let n = 0; n < 100; n += 1)
    await core.log.commit(
      { id: "chat", platform: "tiny" },
      { via: "frame", bots: ["helper"], events: [draft(`e${n}`)] },
    );
  expect(
    (await core.log.read({ after: 0, filter: { connection: "chat" }, limit: 500 })).items.length,
  ).toBeGreaterThanOrEqual(100);
  expect(await value("connections.get", { connection: "chat" })).toMatchObject({ state: "ready" });
  expect(ended).toBe(0);
});

test("a probe that hangs keeps calls waiting for ten seconds at most, and other connections not at all", async () => {
  const { call, clock, value, world, runtime } = await twoConnections();
  world.probe = () => never;
  void runtime.core.supervisor.open("stuck");
  let ended = 0;
  void call("messages.list", { connection: "stuck", room: "lobby", as: "helper" }).finally(() => (ended += 1));
  expect(await value("messages.list", { connection: "chat", room: "lobby", as: "helper" })).toEqual({ items: [] });
  expect(ended).toBe(0);
  await expect.poll(async () => (await clock.advance(1_000), ended), soon).toBe(1);
});
