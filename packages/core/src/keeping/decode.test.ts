import type { EventDraft, RawIntake, Receive } from "@botyard/sdk";
import { expect, test } from "vitest";
import { createMemorySealer } from "../secrets/seal.ts";
import { tinyWorld } from "../fixtures/tiny-platform.ts";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";

interface Line {
  readonly id: string;
  /** `vote`: one whose identity is known also where its meaning is not. */
  readonly kind: "message" | "poll" | "typing" | "vote";
}

/** What a version of a plugin makes of a line; the first one knows messages only. */
function draft({ id, kind }: Line, knows: readonly string[]): EventDraft {
  const known = knows.includes(kind);
  return {
    key: kind === "typing" ? null : { kind: known || kind === "vote" ? kind : "unknown", id },
    type: known ? "message.created" : "platform.unknown",
    time: "2026-11-20T08:00:00.000Z",
    room: { id: "r1" },
    actor: { id: "u-alice", kind: "user" },
    ...(known ? { message: { id } } : {}),
  };
}
const linesOf = (raw: Uint8Array): Line[] => JSON.parse(new TextDecoder().decode(raw)) as Line[];

async function upgraded(more: Pick<NonNullable<Parameters<typeof tinyRuntime>[0]>, "sealer"> = {}) {
  const world = tinyWorld();
  const seen: RawIntake[] = [];
  world.receive = {
    http: async () => ({ status: 200 }),
    decode: async (intake) => {
      seen.push(intake);
      return linesOf(intake.raw).map((line) => draft(line, ["message", "poll", "typing", "vote"]));
    },
  } satisfies Receive;
  const tiny = await tinyRuntime({ world, ...more });
  for (const handle of ["helper", "other"]) await tiny.call("bots.create", { connection: "chat", handle });
  const receive = (lines: readonly Line[], bots?: readonly string[]) =>
    world.host?.commit({
      via: "webhook",
      id: lines[0]?.id ?? "",
      ...(bots ? { bots } : {}),
      raw: JSON.stringify(lines),
      events: lines.map((line) => draft(line, ["message"])),
    });
  const decode = (input: object = {}) =>
    tiny.value<{ intakes: number; events: number; next?: string }>("connections.decode", {
      connection: "chat",
      ...input,
    });
  const messages = async (filter: object = {}) =>
    (
      await tiny.value<{ items: { message?: { id: string }; bots: string[]; backfilled: boolean }[] }>("events.list", {
        from: "oldest",
        type: ["message.created"],
        ...filter,
      })
    ).items;
  return { ...tiny, world, seen, receive, decode, messages };
}

test("what an older version did not know enters the log once, and what it knew is not doubled", async () => {
  const { receive, decode, messages, seen } = await upgraded();
  await receive(
    [
      { id: "1", kind: "message" },
      { id: "2", kind: "poll" },
      { id: "t", kind: "typing" },
    ],
    ["helper"],
  );
  await receive([{ id: "3", kind: "poll" }]);
  expect((await messages()).map(({ message }) => message?.id)).toEqual(["1"]);

  expect(await decode()).toEqual({ intakes: 2, events: 2, unknown: 0, failed: 0 });
  expect(seen[0]).toMatchObject({ via: "webhook", id: "1", bots: ["helper"] });
  expect(seen[1]).not.toHaveProperty("bots");
  const after = await messages();
  expect(after.map(({ message }) => message?.id)).toEqual(["1", "2", "3"]);
  expect(after.map(({ backfilled }) => backfilled)).toEqual([false, true, true]);
  expect(await decode()).toMatchObject({ intakes: 2, events: 0 });
  expect(await messages()).toHaveLength(3);
});

test("where each bot has an intake of its own, what is new reaches each of them, and is one event", async () => {
  const { receive, decode, messages } = await upgraded();
  for (const bot of ["helper", "other"]) await receive([{ id: "1", kind: "poll" }], [bot]);
  expect(await decode()).toMatchObject({ intakes: 2, events: 1 });
  expect(await decode()).toMatchObject({ intakes: 2, events: 0 });
  for (const bot of ["chat/helper", "chat/other"]) expect(await messages({ bot })).toHaveLength(1);
  expect(await messages()).toHaveLength(1);
});

test("a bot that was made under the handle of one that is gone gets nothing of it", async () => {
  const { receive, decode, messages, call } = await upgraded();
  await receive([{ id: "1", kind: "poll" }], ["helper"]);
  await call("bots.release", { connection: "chat", bot: "helper" });
  // Times are compared in milliseconds.
  await new Promise((resolve) => setTimeout(resolve, 2));
  await call("bots.create", { connection: "chat", handle: "helper" });
  await receive([{ id: "2", kind: "poll" }], ["helper"]);
  expect(await decode()).toMatchObject({ intakes: 2, events: 2 });
  expect((await messages({ bot: "chat/helper" })).map(({ message }) => message?.id)).toEqual(["2"]);
});

test("what was stored under its own identity without being understood is followed by what it is, once", async () => {
  const { receive, decode, messages, value } = await upgraded();
  await receive([{ id: "1", kind: "vote" }], ["helper"]);
  expect(await decode()).toMatchObject({ intakes: 1, events: 1 });
  expect(await decode()).toMatchObject({ intakes: 1, events: 0 });
  const all = await value<{ items: { type: string }[] }>("events.list", { from: "oldest", room: "r1" });
  expect(all.items.map(({ type }) => type)).toEqual(["platform.unknown", "message.created"]);
  expect(await messages()).toMatchObject([{ message: { id: "1" }, bots: ["helper"], backfilled: true }]);
});

test("a change of members that an older version did not know is told, and changes nobody's place of today", async () => {
  const sealer = createMemorySealer();
  const { receive, world, store, messages } = await upgraded({ sealer });
  const member = (id: string, membership: "joined" | "kicked", time: string): EventDraft => ({
    key: { kind: "member", id },
    type: `member.${membership}`,
    time,
    room: { id: "r1" },
    actor: { id: "u-alice", kind: "user" },
    member: { user: "u-helper", name: null, membership },
  });
  world.receive = {
    http: async () => ({ status: 200 }),
    decode: async () => [member("k", "kicked", "2026-11-20T07:00:00.000Z")],
  };
  await world.host?.commit({ via: "webhook", raw: "[]", events: [] });
  await world.host?.commit({ via: "webhook", events: [member("j", "joined", "2026-11-20T08:00:00.000Z")] });
  // What is remembered of the order of changes ends with the process.
  const next = await tinyRuntime({ world, store, sealer });
  expect(await next.value("connections.decode", { connection: "chat" })).toMatchObject({ events: 1 });
  await receive([{ id: "1", kind: "message" }]);
  expect(next.runtime.core.registry.membersOf("chat", "r1")).toEqual(["helper"]);
  expect(await messages()).toMatchObject([{ bots: ["helper"] }]);
});

test("an event that is there gets no copy for a bot that came later", async () => {
  const { receive, decode, messages, call, runtime } = await upgraded();
  await receive([{ id: "1", kind: "message" }]);
  const before = runtime.core.log.head();
  await runtime.core.log.commit(
    { id: "chat", platform: "tiny" },
    {
      via: "webhook",
      events: [
        {
          key: { kind: "member", id: "j" },
          type: "member.joined",
          time: "2026-11-20T08:00:00.000Z",
          room: { id: "r1" },
          actor: { id: "u-other", kind: "user" },
          member: { user: "u-other", name: null, membership: "joined" },
        },
      ],
    },
  );
  await decode();
  expect(runtime.core.log.head()).toBe(before + 1);
  expect(await messages({ bot: "chat/other" })).toEqual([]);
  await call("connections.get", { connection: "chat" });
});

test("one intake that cannot be decoded is counted and keeps none of the others", async () => {
  const { receive, decode, world, messages, lines } = await upgraded();
  await receive([{ id: "1", kind: "poll" }]);
  await world.host?.commit({ via: "frame", raw: "{not json", events: [] });
  await receive([{ id: "2", kind: "poll" }]);
  expect(await decode()).toEqual({ intakes: 2, events: 2, unknown: 0, failed: 1 });
  expect(await messages()).toHaveLength(2);
  expect(lines.join("")).toContain("an intake could not be decoded again");
});

test("an earlier connection of the same name, and what retention has removed, are left out", async () => {
  const { receive, decode, call, store } = await upgraded();
  await receive([{ id: "1", kind: "poll" }]);
  await store.trim({ events: new Date(Date.now() + 1_000).toISOString() });
  expect(await decode()).toMatchObject({ intakes: 0 });
  // Times are compared in milliseconds.
  await new Promise((resolve) => setTimeout(resolve, 2));
  await receive([{ id: "2", kind: "poll" }]);
  expect(await decode()).toMatchObject({ events: 1 });
  await call("connections.delete", { connection: "chat" });
  await new Promise((resolve) => setTimeout(resolve, 2));
  await call("connections.create", { id: "chat", platform: "tiny", credentials: { "admin-token": "admin-secret" } });
  expect(await decode()).toMatchObject({ intakes: 0, events: 0 });
});

test("a platform that cannot decode again says so", async () => {
  const { call } = await tinyRuntime();
  await expect(call("connections.decode", { connection: "chat" })).rejects.toMatchObject({ code: "unsupported" });
});
