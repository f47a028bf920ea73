import { createLogger, createRedactor, openBotyard } from "@botyard/core";
import { startService } from "@botyard/http";
import { expect, it, onTestFinished } from "vitest";
import { platforms } from "../src/platforms.gen.ts";
import { type Caller, createCaller, type Json } from "./http-call.ts";

/** What a limited key reaches, and for how long. A key for one bot reaches the rooms the bot is in, also where the server is asked with the connection's credential. */

async function world(): Promise<{ readonly admin: Caller; readonly bot: Caller }> {
  const redactor = createRedactor();
  const opened = await openBotyard({
    version: "test",
    platforms: [await platforms.sandbox()],
    dataDirectory: null,
    create: true,
    receive: true,
    logger: createLogger({ format: "json", level: "silent", redactor }),
    redactor,
  });
  const service = await startService(opened.runtime, { listen: { host: "127.0.0.1", port: 0 }, hooks: null });
  await opened.runtime.start();
  onTestFinished(async () => {
    await service.close();
    await opened.runtime.close({ drainMs: 0 });
  });
  const admin = createCaller(service.url, await opened.adminKey());
  await admin.must(201, "POST", "/v1/connections", { id: "chat", platform: "sandbox" });
  for (const [handle, room] of [
    ["helper", "lobby"],
    ["other", "eng:ops"],
  ]) {
    await admin.must(201, "POST", "/v1/connections/chat/bots", { handle });
    await admin.must(200, "PUT", `/v1/connections/chat/rooms/${room}/bots/${handle}`, {});
  }
  const key = await admin.must(201, "POST", "/v1/keys", {
    name: "helper",
    allow: ["rooms.*", "members.*", "!rooms.add-bot"],
    bot: ["chat/helper"],
  });
  return { admin, bot: admin.as(String(key["secret"])) };
}

const rooms = "/v1/connections/chat/rooms";

it("lists the bot's rooms, and answers for all others as for those that are not there", async () => {
  const { admin, bot } = await world();
  const seen = async (caller: Caller): Promise<unknown[]> =>
    ((await caller.must(200, "GET", rooms))["items"] as Json[]).map(({ handle }) => handle);
  expect(await seen(bot)).toEqual(["lobby"]);
  expect(await seen(admin)).toContain("eng:ops");
  await bot.must(200, "GET", `${rooms}/lobby`);
  await bot.must(200, "GET", `${rooms}/lobby/members`);

  const leveled = async (method: string, path: string, body?: Json): Promise<string> => {
    const { status, text } = await bot.call(method, `${rooms}/${path}`, body ? { body } : {});
    return `${status} ${text.replaceAll(/req_\w+/g, "req").replaceAll(/eng:ops|nowhere/g, "room")}`;
  };
  for (const [method, path, body] of [
    ["GET", "", undefined],
    ["GET", "/members", undefined],
    ["GET", "/bots", undefined],
    ["PATCH", "", { topic: "mine" }],
    ["PUT", "/members/u_bob", {}],
    ["DELETE", "/members/u_bob", undefined],
  ] as const) {
    const hidden = await leveled(method, `eng:ops${path}`, body);
    expect(hidden, `${method} ${path}`).toMatch(/^404 /);
    expect(hidden).toBe(await leveled(method, `nowhere${path}`, body));
  }
  const reader = await admin.must(201, "POST", "/v1/keys", { name: "r", preset: "bot", bot: ["chat/helper"] });
  const can = async (room: string): Promise<string> => {
    const path = `/v1/connections/chat/capabilities?bot=helper&room=${room}`;
    const { status, text } = await admin.as(String(reader["secret"])).call("GET", path);
    return `${status} ${text.replaceAll(/req_\w+/g, "req").replaceAll(room, "room")}`;
  };
  expect(await can("lobby")).toMatch(/^200 /);
  expect(await can("eng:ops")).toMatch(/^404 /);
  expect(await can("eng:ops")).toBe(await can("nowhere"));
});

it("finds out where nobody knows yet, as for a bot that is taken over", async () => {
  const { admin, bot } = await world();
  const helper = "/v1/connections/chat/bots/helper";
  const { nativeId } = await admin.must(200, "GET", helper);
  await admin.must(200, "POST", `${helper}/release`, {});
  await admin.must(200, "POST", `${helper}/adopt`, { nativeId });
  await bot.must(200, "GET", `${rooms}/lobby`);
  expect((await bot.call("GET", `${rooms}/eng:ops`)).status).toBe(404);
});

it("ends an open stream when its key expires, and tells why", async () => {
  const { admin } = await world();
  const { secret } = await admin.must(201, "POST", "/v1/keys", { name: "short", preset: "reader", expiresMs: 1_500 });
  const short = admin.as(String(secret));
  // Resolves when the stream is over.
  const { status, text } = await short.call("GET", "/v1/events/stream");
  expect(status).toBe(200);
  expect(text).toMatch(/^event: error\ndata: \{.*"code":"unauthenticated".*\}$/m);
  expect((await short.call("GET", "/v1/whoami")).status).toBe(401);
});
