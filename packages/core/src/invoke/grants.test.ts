import type { BotyardError } from "@botyard/sdk";
import { expect, test } from "vitest";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";

async function withKey(input: Record<string, unknown>) {
  const tiny = await tinyRuntime();
  await tiny.call("bots.create", { connection: "chat", handle: "helper" });
  await tiny.call("bots.create", { connection: "chat", handle: "other" });
  const principal = await tiny.key({ name: "limited", ...input });
  return { ...tiny, principal };
}

test("a key for one room is refused elsewhere; a room that does not exist answers alike", async () => {
  const { call, principal } = await withKey({ bot: ["chat/helper"], room: ["chat/lobby"] });
  const to = (room: string) =>
    call("messages.send", { connection: "chat", room, text: "hi" }, { principal }).catch(
      (error: unknown) => error as BotyardError,
    );
  expect(await to("lobby")).toMatchObject({ status: 201 });
  const hidden = (await to("ops")) as BotyardError;
  const missing = (await to("cellar")) as BotyardError;
  expect(hidden).toMatchObject({
    code: "forbidden",
    details: { allowed: { rooms: ["chat/lobby"], bots: ["chat/helper"] } },
  });
  expect(missing.code).toBe(hidden.code);
  expect(missing.message.replace("cellar", "ops")).toBe(hidden.message);
});

test("a key for one bot does not act as another, as a ghost, or look at another's credentials", async () => {
  const { call, principal, value } = await withKey({ preset: "admin", bot: ["chat/helper"] });
  const as = (who: string) =>
    call("messages.send", { connection: "chat", room: "lobby", text: "hi", as: who }, { principal });
  await expect(as("helper")).resolves.toBeDefined();
  await expect(as("other")).rejects.toMatchObject({ code: "forbidden" });
  await expect(as("user:u-ghost")).rejects.toMatchObject({ code: "forbidden" });
  const { items } = await value<{ items: { of: string }[] }>("credentials.list", { connection: "chat" }, { principal });
  expect(items.map((item) => item.of)).toEqual(["helper"]);
});

test("acting as somebody who is no bot needs a grant of its own", async () => {
  const { call, principal, key } = await withKey({ preset: "operator" });
  const input = { connection: "chat", room: "lobby", text: "hi", as: "user:u-ghost" };
  await expect(call("messages.send", input, { principal })).rejects.toMatchObject({ code: "forbidden" });
  const granted = await key({ name: "bridge", allow: ["messages.send", "act.user"] });
  await expect(call("messages.send", input, { principal: granted })).resolves.toMatchObject({ status: 201 });
});

test("events, ledger rows and consumers of others are not there", async () => {
  const { call, value, principal, world } = await withKey({ bot: ["chat/helper"] });
  await world.host?.commit({
    via: "frame",
    bots: ["other"],
    events: [
      {
        key: { kind: "message", id: "1" },
        type: "message.created",
        time: "2026-11-20T08:00:00.000Z",
        room: { id: "r1" },
        actor: { id: "u-alice", kind: "user" },
      },
    ],
  });
  const all = await value<{ items: { id: string; type: string }[] }>("events.list", { from: "oldest" });
  const mine = await value<{ items: { id: string; bots: string[] }[] }>(
    "events.list",
    { from: "oldest" },
    { principal },
  );
  const hidden = all.items.find((event) => event.type === "message.created");
  expect(mine.items.every((event) => event.bots.includes("helper"))).toBe(true);
  await expect(call("events.get", { event: hidden?.id }, { principal })).rejects.toMatchObject({ code: "not_found" });
  const { operation } = await value<{ operation: string }>("messages.send", {
    connection: "chat",
    room: "lobby",
    text: "x",
    as: "other",
  });
  await expect(call("ledger.get", { operation }, { principal })).rejects.toMatchObject({ code: "not_found" });
  await call("consumers.put", { consumer: "theirs" });
  await expect(call("consumers.events", { consumer: "theirs" }, { principal })).rejects.toMatchObject({
    code: "not_found",
  });
});

test("a stream ends when its key is revoked", async () => {
  const { call, principal } = await withKey({ bot: ["chat/helper"] });
  const never = new AbortController();
  const { value } = await call("events.stream", {}, { principal, signal: () => never.signal });
  const reading = (async () => {
    for await (const _ of value as AsyncIterable<unknown>);
    return "ended";
  })().catch((error: BotyardError) => error.code);
  await call("keys.revoke", { key: "limited" });
  expect(["ended", "unauthenticated"]).toContain(await reading);
});

test("nobody hands out more than they have", async () => {
  const { call, key } = await withKey({});
  const principal = await key({ name: "maker", allow: ["keys.create", "messages.*"] });
  await expect(call("keys.create", { name: "x", allow: ["bots.delete"] }, { principal })).rejects.toMatchObject({
    code: "forbidden",
  });
  await expect(call("keys.create", { name: "y", allow: ["messages.send"] }, { principal })).resolves.toMatchObject({
    status: 201,
  });
  const bound = await key({ name: "bound", allow: ["keys.create", "messages.*"], bot: ["chat/helper"] });
  const make = (bot?: string[]) =>
    call("keys.create", { name: "z", allow: ["messages.send"], ...(bot ? { bot } : {}) }, { principal: bound });
  await expect(make()).rejects.toMatchObject({ code: "forbidden" });
  await expect(make(["chat/other"])).rejects.toMatchObject({ code: "forbidden" });
  await expect(make(["chat/helper"])).resolves.toMatchObject({ status: 201 });
});

test("an operation that is not granted, and one that does not exist", async () => {
  const { call, principal } = await withKey({ preset: "reader" });
  await expect(
    call("messages.send", { connection: "chat", room: "lobby", text: "x" }, { principal }),
  ).rejects.toMatchObject({ code: "forbidden" });
  await expect(call("messages.sned", {})).rejects.toMatchObject({
    code: "not_found",
    message: expect.stringContaining("messages.send"),
  });
});

test("env: and file: are for keys that may do everything", async () => {
  const { call, principal } = await withKey({ preset: "operator" });
  const input = { connection: "chat", kind: "admin-token", secret: "file:/etc/hostname" };
  await expect(call("credentials.import", input, { principal })).rejects.toMatchObject({ code: "forbidden" });
  await expect(
    call("credentials.import", { ...input, secret: "the-token-itself" }, { principal }),
  ).resolves.toBeDefined();
});
