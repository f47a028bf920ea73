import type { BotyardError } from "@botyard/sdk";
import { describe, expect, test } from "vitest";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";

/** Two connections; on `chat` two bots and two rooms, on `other` the same; all of it seen by nobody but the admin. */
async function world(grant: Record<string, unknown>) {
  const tiny = await tinyRuntime();
  const { call, world: server } = tiny;
  const host = server.host;
  await call("connections.create", { id: "other", platform: "tiny", credentials: { "admin-token": "admin-secret" } });
  for (const connection of ["chat", "other"])
    for (const handle of ["helper", "hidden"]) await call("bots.create", { connection, handle });
  for (const room of ["r1", "r2"])
    await host?.commit({
      via: "frame",
      bots: ["hidden"],
      events: [
        {
          key: { kind: "message", id: `m-${room}` },
          type: "message.created",
          time: "2026-11-20T08:00:00.000Z",
          room: { id: room },
          actor: { id: "u-alice", kind: "user" },
          message: { id: `m-${room}`, thread: null, replyTo: null, editedAt: null },
          content: { text: "hi", format: "plain", plain: "hi", mentions: [], files: [] },
        },
      ],
    });
  host?.step({ kind: "install", title: "Install", why: "so", run: { where: "there" } }, "hidden");
  await call("consumers.put", { consumer: "theirs" });
  await call("webhooks.create", { name: "theirs", url: "https://bot.example.org/hook" });
  await tiny.runtime.core.supervisor.gaps.open({
    connection: "chat",
    bots: ["hidden"],
    from: "2026-11-20T08:00:00.000Z",
    cause: "test",
  });
  const sent = await tiny.value<{ operation: string }>("messages.send", {
    connection: "chat",
    room: "r2",
    text: "hi",
    as: "hidden",
  });
  const events = await tiny.value<{ items: { id: string; type: string }[] }>("events.list", { from: "oldest" });
  const event = events.items.find((one) => one.type === "message.created")?.id ?? "";
  await tiny.value("keys.create", { name: "theirs", bot: ["chat/hidden"] });
  const principal = await tiny.key({
    name: "limited",
    preset: "admin",
    bot: ["chat/helper"],
    room: ["chat/r1"],
    ...grant,
  });
  return { ...tiny, principal, operation: sent.operation, event };
}

type World = Awaited<ReturnType<typeof world>>;
type Input = Record<string, unknown>;

/** What is there and not for this key, and what is not there at all. Names are taken out of the sentences. */
const pairs: readonly (readonly [string, (w: World) => Input, (w: World) => Input])[] = [
  ["connections.get", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["connections.probe", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["connections.capabilities", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["connections.update", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["connections.delete", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["bots.list", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["bots.get", () => ({ connection: "chat", bot: "hidden" }), () => ({ connection: "chat", bot: "nobody" })],
  ["bots.get", () => ({ connection: "other", bot: "helper" }), () => ({ connection: "nowhere", bot: "helper" })],
  ["bots.disable", () => ({ connection: "chat", bot: "hidden" }), () => ({ connection: "chat", bot: "nobody" })],
  ["credentials.list", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["credentials.list", () => ({ connection: "chat", bot: "hidden" }), () => ({ connection: "chat", bot: "nobody" })],
  ["messages.list", () => ({ connection: "chat", room: "r2" }), () => ({ connection: "chat", room: "r9" })],
  ["messages.list", () => ({ connection: "chat", room: "ops" }), () => ({ connection: "chat", room: "cellar" })],
  [
    "messages.send",
    () => ({ connection: "chat", room: "r2", text: "x" }),
    () => ({ connection: "chat", room: "r9", text: "x" }),
  ],
  [
    "messages.send",
    () => ({ connection: "chat", room: "r1", text: "x", as: "hidden" }),
    () => ({ connection: "chat", room: "r1", text: "x", as: "nobody" }),
  ],
  ["events.list", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["events.list", () => ({ bot: "chat/hidden" }), () => ({ bot: "chat/nobody" })],
  ["events.list", () => ({ bot: "other/helper" }), () => ({ bot: "nowhere/helper" })],
  ["events.list", () => ({ room: "chat/r2" }), () => ({ room: "chat/r9" })],
  ["events.list", () => ({ room: "other/r2" }), () => ({ room: "nowhere/r2" })],
  ["events.stream", () => ({ bot: "other/helper" }), () => ({ bot: "nowhere/helper" })],
  ["consumers.put", () => ({ consumer: "mine", bot: "chat/hidden" }), () => ({ consumer: "mine", bot: "chat/nobody" })],
  ["events.get", ({ event }) => ({ event }), () => ({ event: "evt_01KAG3M7000000000000000000" })],
  [
    "messages.reply",
    ({ event }) => ({ event, text: "x" }),
    () => ({ event: "evt_01KAG3M7000000000000000000", text: "x" }),
  ],
  ["gaps.list", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["steps.list", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["steps.get", () => ({ step: "step_1", reveal: true }), () => ({ step: "step_9", reveal: true })],
  ["steps.dismiss", () => ({ step: "step_1" }), () => ({ step: "step_9" })],
  ["ledger.get", ({ operation }) => ({ operation }), () => ({ operation: "op_01KAG3M7000000000000000000" })],
  ["ledger.list", () => ({ connection: "other" }), () => ({ connection: "nowhere" })],
  ["consumers.get", () => ({ consumer: "theirs" }), () => ({ consumer: "nobodys" })],
  ["consumers.events", () => ({ consumer: "theirs" }), () => ({ consumer: "nobodys" })],
  ["consumers.delete", () => ({ consumer: "theirs" }), () => ({ consumer: "nobodys" })],
  ["webhooks.get", () => ({ webhook: "theirs" }), () => ({ webhook: "nobodys" })],
  ["webhooks.delete", () => ({ webhook: "theirs" }), () => ({ webhook: "nobodys" })],
  ["keys.get", () => ({ key: "theirs" }), () => ({ key: "nobodys" })],
  ["keys.revoke", () => ({ key: "theirs" }), () => ({ key: "nobodys" })],
];

/** Names differ; everything else must not. */
function leveled(input: Input, value: unknown): string {
  let text = JSON.stringify(value, (key, inner: unknown) => (key === "request" ? undefined : inner));
  for (const name of Object.values(input))
    if (typeof name === "string")
      for (const part of [name, ...name.split("/")])
        if (!["chat", "x", "r1"].includes(part)) text = text.replaceAll(part, "…");
  return text;
}

async function answer({ call, principal }: World, name: string, input: Input): Promise<string> {
  const value = await call(name, input, { principal }).then(
    (result) => result.value,
    (error: BotyardError) => ({ code: error.code, message: error.message, details: error.details }),
  );
  return leveled(input, value);
}

describe("what is hidden from a key and what is missing answer alike", () => {
  test.each(pairs)("%s", async (name, hidden, missing) => {
    const w = await world({});
    const there = await answer(w, name, hidden(w));
    expect(there).toBe(await answer(w, name, missing(w)));
    expect(there).not.toContain("other");
    expect(there).not.toContain("hidden");
  });
});

describe("lists hold nothing of what is hidden", () => {
  const lists: readonly (readonly [string, Input])[] = [
    ["connections.list", {}],
    ["bots.list", { connection: "-" }],
    ["bots.list", { connection: "chat", source: "all" }],
    ["credentials.list", { connection: "-" }],
    ["events.list", { from: "oldest", own: true }],
    ["steps.list", { state: "all" }],
    ["gaps.list", {}],
    ["ledger.list", {}],
    ["consumers.list", {}],
    ["webhooks.list", {}],
    ["keys.list", {}],
    ["audit.list", {}],
  ];
  test.each(lists)("%s", async (name, input) => {
    const w = await world({});
    const { items } = await w.value<{ items: unknown[] }>(name, input, { principal: w.principal });
    const text = JSON.stringify(items);
    for (const word of ["hidden", "other", "theirs", "r2"]) expect(text).not.toContain(`"${word}"`);
    const all = await w.value<{ items: unknown[] }>(name, input);
    expect(all.items.length).toBeGreaterThan(items.length);
  });
});

test("a status shows only what a key sees", async () => {
  const w = await world({});
  const text = JSON.stringify(await w.value("service.status", {}, { principal: w.principal }));
  expect(text).not.toContain('"other"');
  expect(text).not.toContain('"theirs"');
});
