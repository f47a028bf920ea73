import type { Connection } from "@botyard/sdk";
import { expect, test } from "vitest";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { createFakeClock } from "../limits/fake-clock.ts";

const origin = "http://tiny.test";
const send = { connection: "chat", room: "lobby" };

/** Time goes on by itself until the call is over: its tries have pauses. */
async function over<T>(clock: ReturnType<typeof createFakeClock>, call: Promise<T>): Promise<T | Error> {
  let ended = false;
  const settled = call.then(
    (value) => ((ended = true), value),
    (error: unknown) => ((ended = true), error as Error),
  );
  while (!ended) await clock.advance(100);
  return settled;
}

test("a server that does not answer is given a rest: sends end at once, its state says why, and one answer ends it", async () => {
  const clock = createFakeClock(Date.UTC(2026, 10, 20, 8));
  let asked = 0;
  let up = false;
  const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  const starting = tinyRuntime({
    receive: true,
    clock,
    fetch: async () => {
      asked += 1;
      if (!up) throw refused;
      return new Response("{}");
    },
  });
  const tiny = (await over(clock, starting)) as Awaited<typeof starting>;
  const { world, call, value } = tiny;
  world.probe = async () => ({
    server: { name: "tiny", version: "1" },
    checks: [],
    continuity: "observed",
    origins: [origin],
  });
  world.send = async (text, { signal }) => {
    await world.host?.http(origin).request({ method: "POST", path: "/send", json: { text }, signal });
    return { message: `m-${text}` };
  };
  await call("bots.create", { connection: "chat", handle: "helper" });
  await over(clock, call("connections.probe", { connection: "chat" }));
  const state = () => value<Connection>("connections.get", { connection: "chat" });
  expect(await state()).toMatchObject({ state: "ready" });

  for (const text of ["one", "two"]) await over(clock, call("messages.send", { ...send, text }));
  expect(asked).toBe(5);
  expect(await state()).toMatchObject({
    state: "degraded",
    reason: expect.stringContaining("http://tiny.test has not answered 5 requests in a row"),
    remedy: "botyard connections probe chat",
  });
  // Nothing waits and nothing leaves.
  const before = clock.now();
  const refusals = await Promise.all(
    Array.from({ length: 20 }, (_, n) => call("messages.send", { ...send, text: `more ${n}` }).catch((error) => error)),
  );
  for (const refusal of refusals) expect(refusal).toMatchObject({ code: "unreachable", details: { effect: "none" } });
  expect(clock.now()).toBe(before);
  expect(asked).toBe(5);

  up = true;
  await clock.advance(5_000);
  expect(await over(clock, call("messages.send", { ...send, text: "again" }))).toMatchObject({ status: 201 });
  expect(await state()).toMatchObject({ state: "ready" });
  const { items } = await value<{ items: { type: string; state?: { state: string } }[] }>("events.list", {
    from: "oldest",
  });
  const told = items.flatMap(({ type, state: now }) => (type === "connection.state" && now ? [now.state] : []));
  expect(told.slice(-2)).toEqual(["degraded", "ready"]);
  const closing = tiny.runtime.close({ drainMs: 0 });
  await over(clock, closing);
});
