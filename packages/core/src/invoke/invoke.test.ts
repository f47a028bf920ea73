import { BotyardError } from "@botyard/sdk";
import { expect, test, vi } from "vitest";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { settleInBackground } from "./settle.ts";

const send = { connection: "chat", room: "lobby", text: "hello" };

async function withBot() {
  const tiny = await tinyRuntime();
  await tiny.call("bots.create", { connection: "chat", handle: "helper" });
  return tiny;
}

test("a send answers with its ledger row, the room's id and the server's id", async () => {
  const { call, value } = await withBot();
  const result = await call("messages.send", send);
  expect(result.status).toBe(201);
  expect(result.value).toMatchObject({ status: "sent", room: "r1", message: "m1" });
  const { operation } = result.value as { operation: string };
  expect(await value("ledger.get", { operation })).toMatchObject({
    state: "done",
    effect: "applied",
    attempts: 1,
    bot: "helper",
    room: "r1",
  });
});

test.each([
  ["unknown field", { ...send, topic: "x" }, "invalid"],
  ["missing field", { connection: "chat", room: "lobby" }, "invalid"],
  ["path traversal", { ...send, room: "../../etc" }, "invalid"],
  ["unknown connection", { ...send, connection: "nowhere" }, "not_found"],
  ["unknown room", { ...send, room: "cellar" }, "not_found"],
  ["field the platform does not honour", { ...send, silent: true }, "unsupported_param"],
  ["too long, in the limit's unit", { ...send, text: "ü".repeat(11) }, "too_large"],
  ["options nobody declared", { ...send, options: { a: 1 } }, "unsupported_param"],
  ["nobody with that handle", { ...send, as: "ghost" }, "not_found"],
])("%s is refused before anything is sent", async (_, input, code) => {
  const { call, world, value } = await withBot();
  let sent = 0;
  world.send = async () => ({ message: String((sent += 1)) });
  await expect(call("messages.send", input)).rejects.toMatchObject({
    code,
    details: expect.not.objectContaining({ effect: "unknown" }),
  });
  expect(sent).toBe(0);
  const { items } = await value<{ items: { state: string; operation: string }[] }>("ledger.list");
  expect(items.filter((item) => item.operation === "messages.send" && item.state !== "failed")).toEqual([]);
});

test("what a platform cannot do says why and what to do instead", async () => {
  const { call } = await withBot();
  await expect(call("bots.delete", { connection: "chat", bot: "helper" })).rejects.toMatchObject({
    code: "unsupported",
    message: "Tiny has no deletion of bots. Nothing was changed.",
    details: { instead: "botyard bots disable chat/helper" },
  });
});

test("the same key and input gives the first answer again; other input is a conflict", async () => {
  const { call, world } = await withBot();
  const first = await call("messages.send", send, { idempotencyKey: "k1" });
  world.send = async () => {
    throw new Error("must not be called");
  };
  const again = await call("messages.send", send, { idempotencyKey: "k1" });
  expect(again).toEqual({ ...first, replayed: true });
  await expect(call("messages.send", { ...send, text: "other" }, { idempotencyKey: "k1" })).rejects.toMatchObject({
    code: "conflict",
  });
});

test("the same key while the first call runs is a conflict with Retry-After", async () => {
  const { call, world } = await withBot();
  let answer: (value: { message: string }) => void = () => {};
  world.send = () => new Promise((resolve) => (answer = resolve));
  const first = call("messages.send", send, { idempotencyKey: "k1" });
  await expect.poll(() => answer.length).toBe(1);
  await expect(call("messages.send", send, { idempotencyKey: "k1" })).rejects.toMatchObject({
    code: "conflict",
    details: { retryAfterMs: 1000 },
  });
  answer({ message: "m1" });
  await first;
});

test("outcomes without effect are not remembered", async () => {
  const { call, world } = await withBot();
  world.send = async () => {
    throw new BotyardError("forbidden", "the bot may not post here");
  };
  await expect(call("messages.send", send, { idempotencyKey: "k1" })).rejects.toMatchObject({ code: "forbidden" });
  world.send = async () => ({ message: "m9" });
  expect((await call("messages.send", send, { idempotencyKey: "k1" })).value).toMatchObject({ message: "m9" });
});

test("a send without an answer is unknown, is not repeated, and says where to look", async () => {
  const { call, world, value } = await withBot();
  let sent = 0;
  world.send = () => {
    sent += 1;
    return new Promise(() => {});
  };
  const error = await call("messages.send", send, { idempotencyKey: "k1", deadlineMs: 50 }).catch(
    (failure: unknown) => failure as BotyardError,
  );
  expect(error).toMatchObject({ code: "timeout", effect: "unknown" });
  const operation = (error as BotyardError).details.operation;
  expect((error as BotyardError).message).toContain(`/v1/ledger/${operation}`);
  await expect(call("messages.send", send, { idempotencyKey: "k1" })).rejects.toMatchObject({
    code: "timeout",
    effect: "unknown",
  });
  expect(sent).toBe(1);
  expect(await value("ledger.get", { operation })).toMatchObject({ state: "unknown", effect: "unknown" });
});

test("an unknown end is settled from history, once", async () => {
  const { call, world, value, runtime } = await withBot();
  world.send = async () => {
    throw new BotyardError("timeout", "no answer", { effect: "unknown" });
  };
  const error = (await call("messages.send", send).catch((failure: unknown) => failure)) as BotyardError;
  const { operation } = error.details;
  await expect(call("ledger.reconcile", { operation })).rejects.toMatchObject({ code: "unsupported" });
  const live = runtime.core.supervisor.live("chat");
  Object.assign(live?.session ?? {}, {
    reconcile: async ({ effectId }: { effectId: string }) => ({
      state: "done",
      answer: { message: `found-${effectId.length}` },
    }),
  });
  expect(await value("ledger.reconcile", { operation })).toMatchObject({
    state: "done",
    settledBy: "history",
    result: { message: "found-26" },
  });
});

test.each([false, true])(
  "an echo settles an end without an answer, where there is no history; after the call: %j",
  async (late) => {
    const { call, world, value } = await withBot();
    const hear = (effectId: string, id: string, actor: string) =>
      world.host?.commit({
        via: "frame",
        events: [
          {
            key: { kind: "message", id },
            type: "message.created",
            time: "2026-11-20T08:00:00.000Z",
            room: { id: "r1" },
            actor: { id: actor, kind: "bot" },
            message: { id },
            effectId,
          },
        ],
      });
    let sent = "";
    world.send = async (_, { effectId }) => {
      sent = effectId;
      // Anybody can copy the mark.
      await hear(effectId, "forged", "u-mallory");
      if (!late) await hear(effectId, "m9", "u-helper");
      throw new BotyardError("timeout", "no answer", { effect: "unknown" });
    };
    const error = (await call("messages.send", send).catch((failure: unknown) => failure)) as BotyardError;
    const { operation } = error.details;
    if (late) await hear(sent, "m9", "u-helper");
    await expect
      .poll(() => value("ledger.reconcile", { operation }).catch(() => null))
      .toMatchObject({ state: "done", settledBy: "echo", result: { message: "m9" } });
  },
);

test("a failure with effect none is tried again, with the attempt counted and the same effect id", async () => {
  const { call, world, value } = await withBot();
  const calls: [number, string][] = [];
  world.send = async (_, { attempt, effectId }) => {
    calls.push([attempt, effectId]);
    if (attempt < 3) throw new BotyardError("rate_limited", "slow down", { retryAfterMs: 1 });
    return { message: "m1" };
  };
  const sent = (await call("messages.send", send)).value as { operation: string };
  expect(calls.map(([attempt]) => attempt)).toEqual([1, 2, 3]);
  expect(new Set(calls.map(([, effectId]) => effectId)).size).toBe(1);
  expect(await value("ledger.get", { operation: sent.operation })).toMatchObject({ attempts: 3, state: "done" });
  expect(world.prepared).toBe(1);
});

test("where nothing is left to prepare the row says attempting from the start; where that cannot be told, it is prepared", async () => {
  const { call, world, runtime } = await withBot();
  const seen: string[] = [];
  const update = runtime.core.store.updateEffect;
  vi.spyOn(runtime.core.store, "updateEffect").mockImplementation((id, patch) => {
    seen.push(patch.state ?? "");
    return update(id, patch);
  });
  const states: (string | undefined)[] = [];
  world.send = async (_, { effectId }) => {
    states.push((await runtime.core.store.findEffect({ connection: "chat", effectId }))?.state);
    return { message: "m1" };
  };
  world.ready = () => true;
  await call("messages.send", send);
  expect([world.prepared, seen]).toEqual([0, ["done"]]);
  world.ready = () => {
    throw new Error("a defect of the plugin");
  };
  await call("messages.send", send);
  expect([world.prepared, seen]).toEqual([1, ["done", "attempting", "done"]]);
  expect(states).toEqual(["attempting", "attempting"]);
});

test("a plugin that throws something else is named, and its effect is unknown", async () => {
  const { call, world } = await withBot();
  world.send = async () => {
    throw new TypeError("token=CANARY-1234567");
  };
  const error = (await call("messages.send", send).catch((failure: unknown) => failure)) as BotyardError;
  expect(error).toMatchObject({ code: "plugin_failed", effect: "unknown" });
  expect(error.message).not.toContain("CANARY");
});

test("a plugin that answers what its contract forbids is named", async () => {
  const { call, world } = await withBot();
  world.send = async () => ({ message: 7 as never });
  await expect(call("messages.send", send)).rejects.toMatchObject({ code: "plugin_failed", effect: "applied" });
});

test("a disabled bot does not act, and acts again when enabled", async () => {
  const { call } = await withBot();
  await call("bots.disable", { connection: "chat", bot: "helper" });
  await expect(call("messages.send", { ...send, as: "helper" })).rejects.toMatchObject({ code: "conflict" });
  await expect(call("messages.send", send)).rejects.toMatchObject({ code: "invalid" });
  await call("bots.enable", { connection: "chat", bot: "helper" });
  await expect(call("messages.send", send)).resolves.toMatchObject({ status: 201 });
});

test("several bots: who acts must be said, and the error lists them", async () => {
  const { call, key } = await withBot();
  await call("bots.create", { connection: "chat", handle: "other" });
  await expect(call("messages.send", send)).rejects.toMatchObject({
    code: "invalid",
    message: expect.stringContaining("helper, other"),
  });
  const principal = await key({ name: "one", bot: ["chat/other"] });
  await expect(call("messages.send", send, { principal })).resolves.toMatchObject({ status: 201 });
});

test("an issued secret is sealed in the ledger and can be had again by its key", async () => {
  const { call, store } = await withBot();
  const first = await call("keys.create", { name: "pybot" }, { idempotencyKey: "k" });
  const { secret } = first.value as { secret: string };
  const rows = await store.listEffects({ limit: 10 });
  expect(JSON.stringify(rows)).not.toContain(secret);
  expect((await call("keys.create", { name: "pybot" }, { idempotencyKey: "k" })).value).toMatchObject({ secret });
});

test("secrets of inputs and bots appear in no record, audit row, ledger row or log line", async () => {
  const { call, runtime, store, lines } = await withBot();
  await call("credentials.import", { connection: "chat", kind: "bot-token", bot: "helper", secret: "CANARY-9f8e7d" });
  await call("credentials.import", { connection: "chat", kind: "nope", secret: "CANARY-9f8e7d" }).catch(() => {});
  await runtime.close();
  const kept = JSON.stringify([
    runtime.core.registry.list("credential"),
    runtime.core.registry.list("bot"),
    await store.listEffects({ limit: 100 }),
    await store.listAudit({ limit: 100 }),
    lines,
  ]);
  for (const secret of ["CANARY-9f8e7d", "secret-of-helper", "admin-secret"]) expect(kept).not.toContain(secret);
});

const replaying = {
  support: "native",
  actsAs: "bot",
  idempotency: { kind: "replay", windowMs: 60_000 },
} as const;

async function withReplay() {
  const tiny = await withBot();
  tiny.world.probe = async () => ({
    server: { name: "tiny", version: "1" },
    checks: [],
    continuity: "observed",
    narrow: { "messages.send": replaying },
  });
  await tiny.call("connections.probe", { connection: "chat" });
  return tiny;
}

test("an attempt that may have been done keeps the end unknown, whatever later attempts say", async () => {
  const { call, world, value } = await withReplay();
  const effects: string[] = [];
  world.send = async (_, { attempt, effectId }) => {
    effects.push(effectId);
    throw attempt === 1
      ? new BotyardError("unreachable", "cut off in the middle", { effect: "unknown" })
      : new BotyardError("unreachable", "nothing answers", { effect: "none" });
  };
  const error = (await call("messages.send", send, { idempotencyKey: "k1" }).catch((e: unknown) => e)) as BotyardError;
  expect(error.effect).toBe("unknown");
  expect(effects.length).toBeGreaterThan(1);
  const { operation } = error.details;
  expect(await value("ledger.get", { operation })).toMatchObject({ state: "unknown" });

  // The same key goes on with the same effect, also when that call fails before it begins.
  world.send = async (_, { effectId }) => {
    effects.push(effectId);
    throw new BotyardError("forbidden", "not any more");
  };
  await expect(call("messages.send", send, { idempotencyKey: "k1" })).rejects.toMatchObject({ effect: "unknown" });
  world.send = async (_, { effectId }) => {
    effects.push(effectId);
    return { message: "m1" };
  };
  await expect(call("messages.send", send, { idempotencyKey: "k1" })).resolves.toMatchObject({ status: 201 });
  expect(new Set(effects).size).toBe(1);
});

test("a refused bot is ready again when the server accepts it", async () => {
  const { call, world, value } = await withBot();
  world.send = async () => {
    throw new BotyardError("unauthenticated", "the server refuses the token");
  };
  await call("messages.send", send).catch(() => {});
  const state = async () =>
    (await value<{ items: { state: string }[] }>("bots.list", { connection: "chat" })).items[0]?.state;
  expect(await state()).toBe("auth_required");
  world.send = async () => ({ message: "m1" });
  await call("messages.send", send);
  expect(await state()).toBe("ready");
});

test("hundreds of rows without an end ask their server a few at a time", async () => {
  const { call, world, runtime } = await withBot();
  let asking = 0;
  let most = 0;
  const done: (() => void)[] = [];
  world.session = {
    reconcile: async (effect) => {
      asking += 1;
      most = Math.max(most, asking);
      await new Promise<void>((resolve) => done.push(resolve));
      asking -= 1;
      return { state: "done", answer: { message: `m-${effect.id}` } };
    },
  };
  await runtime.core.supervisor.open("chat");
  world.send = async () => Promise.reject(new Error("no answer"));
  const rows: string[] = [];
  for (let n = 0; n < 20; n += 1)
    await call("messages.send", { ...send, text: `t${n}` }).catch((error: { details: { operation: string } }) =>
      rows.push(error.details.operation),
    );
  expect(rows).toHaveLength(20);
  const settled = rows.map((row) => settleInBackground(runtime.core, row, new AbortController().signal));
  for (let n = 0; n < 20; n += 1) {
    await expect.poll(() => done.length, { timeout: 5_000, interval: 5 }).toBeGreaterThan(0);
    done.shift()?.();
  }
  await Promise.all(settled);
  expect(most).toBe(4);
});
