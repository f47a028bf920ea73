import { BotyardError, type Gap, type Receive, type RunCall, type StepDraft } from "@botyard/sdk";
import { expect, test } from "vitest";
import { tinyWorld } from "../fixtures/tiny-platform.ts";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { createFakeClock } from "../limits/fake-clock.ts";

type Gaps = { items: Gap[] };

/** A socket that a test opens, cuts and makes deaf. */
function fakeSocket(receive: Partial<Receive> = {}) {
  const socket = {
    runs: 0,
    resumed: "unknown" as "resumed" | "unknown" | "fresh",
    deaf: false,
    cut: (() => {}) as (error: Error) => void,
    receive: {
      run: (call: RunCall) =>
        new Promise<void>((resolve, reject) => {
          socket.runs += 1;
          socket.cut = reject;
          call.signal.addEventListener("abort", () => resolve(), { once: true });
          call.started({ from: socket.runs === 1 ? "fresh" : socket.resumed });
        }),
      ...receive,
    } satisfies Receive,
  };
  return socket;
}

async function receiving(receive: Receive) {
  const clock = createFakeClock();
  const world = tinyWorld();
  world.receive = receive;
  const tiny = await tinyRuntime({ receive: true, clock, world });
  const gaps = async () => (await tiny.value<Gaps>("gaps.list")).items;
  const state = async () => (await tiny.value<{ state: string }>("connections.get", { connection: "chat" })).state;
  return { ...tiny, clock, gaps, state };
}

const soon = { timeout: 2_000, interval: 5 };

test("a lost connection opens a gap; one that resumes closes it with nothing missing", async () => {
  const socket = fakeSocket();
  const { clock, gaps, state, runtime } = await receiving(socket.receive);
  await expect.poll(state, soon).toBe("ready");
  socket.resumed = "resumed";
  socket.cut(new BotyardError("unreachable", "the socket broke"));
  await expect.poll(state, soon).toBe("degraded");
  await expect.poll(gaps, soon).toMatchObject([{ state: "open", cause: "the socket broke", to: null }]);
  await expect.poll(async () => (await clock.advance(1_000), socket.runs), soon).toBe(2);
  await expect.poll(gaps, soon).toMatchObject([{ state: "filled", messages: 0 }]);
  await expect.poll(state, soon).toBe("ready");
  await runtime.close({ drainMs: 0 });
});

test("a gap is filled from history, and a room that may not be read stays lost on its own", async () => {
  const socket = fakeSocket({
    backfill: async () => [
      { room: "r1", outcome: "filled", messages: 3 },
      { room: "r2", outcome: "lost", messages: 0, reason: "the bot may not read history there" },
    ],
  });
  const { clock, gaps, state, value, runtime } = await receiving(socket.receive);
  await expect.poll(state, soon).toBe("ready");
  socket.cut(new BotyardError("unreachable", "the socket broke"));
  await expect.poll(async () => (await clock.advance(1_000), (await gaps()).length), soon).toBe(2);
  expect(await gaps()).toMatchObject([
    { state: "filled", messages: 3, certainty: "proven" },
    { state: "lost", rooms: ["r2"], reason: "the bot may not read history there" },
  ]);
  const { items } = await value<{ items: { type: string }[] }>("events.list", {
    from: "oldest",
    type: ["message.created"],
  });
  expect(items.map((event) => event.type)).toEqual(["gap.opened", "gap.lost", "gap.filled"]);
  await runtime.close({ drainMs: 0 });
});

test("a gap whose history was not read before the end is not closed by a later start that resumes", async () => {
  const asked: (string | null)[] = [];
  let read = (): void => {};
  const socket = fakeSocket({
    backfill: (gap, signal) => {
      asked.push(gap.to);
      return new Promise((resolve, reject) => {
        read = () => resolve([{ outcome: "filled", messages: 4 }]);
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    },
  });
  const { clock, gaps, state, runtime } = await receiving(socket.receive);
  await expect.poll(state, soon).toBe("ready");
  socket.cut(new BotyardError("unreachable", "the socket broke"));
  await expect.poll(async () => (await clock.advance(1_000), asked.length), soon).toBe(1);
  // It breaks again while the history is read; the next socket misses nothing of this one.
  socket.resumed = "resumed";
  socket.cut(new BotyardError("unreachable", "the socket broke again"));
  await expect.poll(async () => (await clock.advance(1_000), asked.length), soon).toBe(2);
  expect(asked[1]).toBe(asked[0]);
  expect(await gaps()).toMatchObject([{ state: "open" }]);
  read();
  await expect.poll(gaps, soon).toMatchObject([{ state: "filled", messages: 4 }]);
  await runtime.close({ drainMs: 0 });
});

test("nothing of a start is stored before what may be missing is recorded", async () => {
  const socket = fakeSocket();
  const { clock, state, store, world, runtime } = await receiving(socket.receive);
  await expect.poll(state, soon).toBe("ready");
  await runtime.core.supervisor.close("chat");
  await clock.advance(60_000);
  // As a plugin does whose first frame comes with the hello.
  socket.receive.run = async (call) => {
    call.started({ from: "unknown" });
    await Promise.all([
      world.host?.store.put({ cursor: 1 }),
      world.host?.commit({ via: "frame", events: [] }, { put: { place: 1 } }),
    ]);
    await new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve(), { once: true }));
  };
  const { appendEvents, nextNumber, pluginPut } = store;
  const order: string[] = [];
  Object.assign(store, {
    nextNumber: async (kind: "gap") => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return nextNumber(kind);
    },
    pluginPut: async (...given: Parameters<typeof pluginPut>) => {
      if ("cursor" in given[1]) order.push("cursor");
      return pluginPut(...given);
    },
    appendEvents: async (batch: Parameters<typeof appendEvents>[0]) => {
      order.push(...(batch.put ? ["place"] : batch.events.map(({ body }) => body.type)));
      return appendEvents(batch);
    },
  });
  await runtime.core.supervisor.open("chat");
  await expect.poll(() => order, soon).toContain("place");
  expect(order.filter((what) => ["gap.opened", "cursor", "place"].includes(what))).toEqual([
    "gap.opened",
    "cursor",
    "place",
  ]);
  await runtime.close({ drainMs: 0 });
});

test("opening anew does not make it unknown when something came last", async () => {
  const socket = fakeSocket();
  const { clock, state, world, value, runtime } = await receiving(socket.receive);
  await expect.poll(state, soon).toBe("ready");
  const last = async () =>
    (await value<{ lastEventAt: string | null }>("connections.get", { connection: "chat" })).lastEventAt;
  expect(await last()).toBe(null);
  await world.host?.commit({
    via: "frame",
    raw: "as it came",
    events: [
      {
        key: { kind: "message", id: "m1" },
        type: "message.created",
        time: "2026-11-20T08:00:00.000Z",
        room: { id: "r1" },
        actor: { id: "u-alice", kind: "user" },
      },
    ],
  });
  const before = await last();
  expect(before).not.toBe(null);
  await runtime.core.supervisor.close("chat");
  await clock.advance(60_000);
  await runtime.core.supervisor.open("chat");
  expect(await last()).toBe(before);
  await runtime.close({ drainMs: 0 });
});

test("without any history a gap is lost, and only possible", async () => {
  const socket = fakeSocket();
  const { clock, gaps, state, runtime } = await receiving(socket.receive);
  await expect.poll(state, soon).toBe("ready");
  socket.cut(new Error("gone"));
  await expect.poll(async () => (await clock.advance(1_000), (await gaps())[0]?.state), soon).toBe("lost");
  expect(await gaps()).toMatchObject([{ certainty: "possible", reason: "this platform shows a bot no history" }]);
  await runtime.close({ drainMs: 0 });
});

test("a socket that stays open and deaf is found by the proof, not by its state", async () => {
  const socket = fakeSocket();
  const prove = {
    everyMs: 10_000,
    timeoutMs: 1_000,
    check: () => (socket.deaf ? new Promise<void>(() => {}) : Promise.resolve()),
  };
  const { clock, gaps, state, runtime } = await receiving({ ...socket.receive, prove });
  await expect.poll(state, soon).toBe("ready");
  for (let n = 0; n < 3; n += 1) await clock.advance(10_000);
  expect(socket.runs).toBe(1);
  socket.deaf = true;
  await expect.poll(async () => (await clock.advance(1_000), (await gaps()).length), soon).toBe(1);
  expect((await gaps())[0]?.cause).toContain("nothing came back");
  socket.deaf = false;
  socket.resumed = "resumed";
  await expect.poll(async () => (await clock.advance(1_000), (await gaps())[0]?.state), soon).toBe("filled");
  expect(socket.runs).toBe(2);
  await runtime.close({ drainMs: 0 });
});

test("a connection that is only pushed to is proven by its ping, on an interval that its state names", async () => {
  let lost = false;
  let pings = 0;
  const check = async (): Promise<void> => {
    pings += 1;
    if (lost) throw new BotyardError("unreachable", "the server cannot reach us");
  };
  const { clock, gaps, state, value, runtime } = await receiving({
    http: async () => ({ status: 200 }),
    prove: { everyMs: 60_000, timeoutMs: 10_000, check },
  });
  await expect.poll(state, soon).toBe("ready");
  const connection = () =>
    value<{ provenAliveAt: string | null; provenEveryMs: number | null }>("connections.get", { connection: "chat" });
  await clock.advance(60_000);
  expect(pings).toBe(1);
  const proven = new Date(clock.now()).toISOString();
  await expect.poll(connection, soon).toMatchObject({ provenEveryMs: 60_000, provenAliveAt: proven });
  lost = true;
  await clock.advance(60_000);
  await expect.poll(gaps, soon).toMatchObject([{ state: "open", cause: "the server cannot reach us" }]);
  expect(await connection()).toMatchObject({ provenAliveAt: proven });
  await runtime.close({ drainMs: 0 });
});

test("where a server offers no proof, nothing but what it sends counts as one", async () => {
  const { clock, state, value, runtime } = await receiving({ http: async () => ({ status: 200 }) });
  await expect.poll(state, soon).toBe("ready");
  await clock.advance(60_000);
  const connection = () =>
    value<{ provenAliveAt: string | null; provenEveryMs: number | null }>("connections.get", { connection: "chat" });
  expect(await connection()).toMatchObject({ provenEveryMs: null, provenAliveAt: null });
  await runtime.hook("chat", { method: "POST", path: "/", query: {}, headers: {}, body: new Uint8Array() });
  expect(await connection()).toMatchObject({ provenAliveAt: new Date(clock.now()).toISOString() });
  await runtime.close({ drainMs: 0 });
});

test("a proof that reaches less far than now: a gap begins where it ended, not at the last answer", async () => {
  const socket = fakeSocket();
  const proof: { until?: string } = {};
  const check = async () => proof;
  const prove = { everyMs: 10_000, timeoutMs: 1_000, check };
  const { clock, gaps, state, runtime } = await receiving({ ...socket.receive, prove });
  await expect.poll(state, soon).toBe("ready");
  await clock.advance(10_000);
  proof.until = new Date(clock.now()).toISOString();
  for (let n = 0; n < 30; n += 1) await clock.advance(10_000);
  socket.cut(new BotyardError("unreachable", "the socket broke"));
  await expect.poll(async () => (await clock.advance(1_000), (await gaps()).length), soon).toBe(1);
  // and a minute before that, as always
  expect(Date.parse((await gaps())[0]?.from ?? "")).toBe(Date.parse(proof.until) - 60_000);
  await runtime.close({ drainMs: 0 });
});

test("a clock that was set back does not hide what was missed: the gap begins before and ends after both readings of it", async () => {
  const socket = fakeSocket({ backfill: async () => [{ outcome: "filled", messages: 0 }] });
  const clock = createFakeClock(Date.UTC(2026, 10, 20, 8));
  let offset = 0;
  const world = tinyWorld();
  world.receive = socket.receive;
  const setBack = { now: () => clock.now() + offset, sleep: clock.sleep };
  const { value, runtime } = await tinyRuntime({ receive: true, clock: setBack, world });
  const gaps = async () => (await value<Gaps>("gaps.list")).items;
  await expect.poll(async () => (await clock.advance(1_000), socket.runs), soon).toBe(1);
  offset = -3_600_000;
  const now = setBack.now();
  socket.cut(new Error("gone"));
  await expect.poll(async () => (await clock.advance(1_000), (await gaps()).length), soon).toBe(1);
  expect(Date.parse((await gaps())[0]?.from ?? "")).toBeLessThan(now);
  // What was said just before bears the time of then.
  await expect.poll(async () => (await clock.advance(1_000), (await gaps())[0]?.state), soon).toBe("filled");
  expect(Date.parse((await gaps())[0]?.to ?? "")).toBeGreaterThan(now + 3_600_000);
  await runtime.close({ drainMs: 0 });
});

test("a clock that is set back while a gap is open: the gap begins before what was said after that", async () => {
  let down = false;
  const socket = fakeSocket({ backfill: async () => [{ outcome: "filled", messages: 0 }] });
  const clock = createFakeClock(Date.UTC(2026, 10, 20, 8));
  let offset = 0;
  const world = tinyWorld();
  world.receive = {
    ...socket.receive,
    run: async (call) => {
      if (down) throw new BotyardError("unreachable", "it takes no sockets");
      return socket.receive.run?.(call);
    },
    prove: { everyMs: 60_000, timeoutMs: 5_000, check: async () => {} },
  };
  const jumping = { now: () => clock.now() + offset, sleep: clock.sleep };
  const { value, runtime } = await tinyRuntime({ receive: true, clock: jumping, world });
  const gaps = async () => (await value<Gaps>("gaps.list")).items;
  await expect.poll(async () => (await clock.advance(1_000), socket.runs), soon).toBe(1);
  down = true;
  socket.cut(new Error("gone"));
  await expect.poll(async () => (await clock.advance(1_000), (await gaps()).length), soon).toBe(1);
  offset = -3_600_000;
  await clock.advance(16_000);
  const said = jumping.now();
  down = false;
  await expect.poll(async () => (await clock.advance(1_000), (await gaps())[0]?.state), soon).toBe("filled");
  expect(Date.parse((await gaps())[0]?.from ?? "")).toBeLessThan(said);
  await runtime.close({ drainMs: 0 });
});

test("a refused credential stops its receiver until there is another one", async () => {
  let runs = 0;
  let good = false;
  const { clock, call, state, runtime } = await receiving({
    run: (run) =>
      new Promise((resolve, reject) => {
        runs += 1;
        if (!good) return reject(new BotyardError("unauthenticated", "the server no longer knows this token"));
        run.started({ from: "unknown" });
        run.signal.addEventListener("abort", () => resolve(), { once: true });
      }),
  });
  await expect.poll(state, soon).toBe("auth_required");
  for (let n = 0; n < 20; n += 1) await clock.advance(60_000);
  expect(runs).toBe(1);
  good = true;
  await call("credentials.import", { connection: "chat", kind: "admin-token", secret: "another-secret" });
  await expect.poll(state, soon).toBe("ready");
  await runtime.close({ drainMs: 0 });
});

test("one connection that fails to open leaves the other alone", async () => {
  const world = tinyWorld();
  const { call, value } = await tinyRuntime({ world });
  world.probe = async () => {
    throw new BotyardError("unreachable", "nobody listens there");
  };
  await call("connections.create", { id: "broken", platform: "tiny" });
  const { items } = await value<{ items: { id: string; state: string; reason?: string }[] }>("connections.list");
  expect(items.map(({ id, state }) => [id, state])).toEqual([
    ["broken", "degraded"],
    ["chat", "ready"],
  ]);
  expect(items[0]?.reason).toBe("nobody listens there");
});

const step = (secret: string): StepDraft => ({
  kind: "install",
  title: 'Install the bot "Helper"',
  why: "Only a person on the server can.",
  run: { where: "the server", command: `occ install '${secret}'` },
  secret: true,
  blocks: ["messages.list"],
});

test("a step keeps its secret sealed, blocks what it says, and is applied when seen done", async () => {
  const { call, value, world, runtime, store } = await tinyRuntime();
  await call("bots.create", { connection: "chat", handle: "helper" });
  const opened = await runtime.core.supervisor.steps.open("chat", "helper", [step("secret-of-helper")]);
  expect(opened[0]?.run.command).toContain("secret-of-helper");
  const id = opened[0]?.id ?? "";
  expect(JSON.stringify(await value("steps.get", { step: id }))).not.toContain("secret-of-helper");
  expect(JSON.stringify(await store.listRecords("step"))).not.toContain("secret-of-helper");
  expect(await value("steps.get", { step: id, reveal: true })).toMatchObject({
    run: { command: "occ install 'secret-of-helper'" },
  });
  await expect(call("messages.list", { connection: "chat", room: "lobby" })).rejects.toMatchObject({
    code: "operator_required",
    details: { steps: [id] },
  });

  const again = await runtime.core.supervisor.steps.open("chat", "helper", [step("secret-of-helper")]);
  expect(again[0]?.id).toBe(id);

  const session = runtime.core.supervisor.live("chat")?.session ?? {};
  Object.assign(session, { verify: async () => ({ state: "open", note: "not in the list yet" }) });
  expect(await value("steps.verify", { step: id })).toMatchObject({ state: "open", note: "not in the list yet" });
  const bot = { nativeId: "u-new", username: "helper", displayName: null, description: null, enabled: true };
  Object.assign(session, { verify: async () => ({ state: "done", bot }) });
  expect(await value("steps.verify", { step: id })).toMatchObject({ state: "done" });
  expect(runtime.core.registry.bot("chat", "helper")).toMatchObject({
    native: { nativeId: "u-new" },
    generation: 2,
    formerIds: ["u-helper"],
  });
  await expect(call("messages.list", { connection: "chat", room: "lobby" })).resolves.toBeDefined();
  void world;
});
