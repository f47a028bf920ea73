import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Caller, type Json, startDemo, startServe, until } from "./http-call.ts";
import { createMachine, type Machine } from "./program.ts";

/** A Python developer, a local HTTP API: the session as it is printed, against the demo, with its worst days. */

const program = readFileSync(join(import.meta.dirname, "../../../examples/echo-python/bot.py"), "utf8");
const hasRequests = spawnSync("python3", ["-c", "import requests"]).status === 0;
const withPython = it.skipIf(!hasRequests);
const needs = hasRequests ? "" : " (needs python3 with requests)";

const items = (page: Json): readonly Json[] => page["items"] as Json[];

/** What the room shows, oldest first. */
async function room(admin: Caller, connection = "chat"): Promise<string[]> {
  const shown = await admin.must(200, "GET", `/v1/connections/${connection}/sandbox/transcript?room=lobby`);
  return items(shown).map(({ user, text }) => `${user === "alice" ? "alice" : "helper"}: ${String(text)}`);
}

const say = (admin: Caller, text: string): Promise<Json> =>
  admin.must(200, "POST", "/v1/connections/chat/sandbox/say", { room: "lobby", text });

/** `keys create` as a person types it, and what the printed line exports. */
async function makeKey(machine: Machine, admin: Caller): Promise<{ line: string; env: Record<string, string> }> {
  const env = { BOTYARD_URL: admin.url, BOTYARD_KEY: admin.key };
  const made = await machine.run("keys create pybot --preset bot --bot chat/helper".split(" "), { env });
  expect(made, made.err).toMatchObject({ code: 0 });
  const [, url = "", key = ""] = /^export BOTYARD_URL=(\S+) BOTYARD_KEY=(by_\w+)/.exec(made.out) ?? [];
  return { line: made.out, env: { BOTYARD_URL: url, BOTYARD_KEY: key } };
}

/** The consumer is there: what is said from now on reaches the program. */
const begun = (admin: Caller): Promise<unknown> =>
  until(
    () => admin.must(200, "GET", "/v1/consumers"),
    (page) => items(page).some(({ name }) => name === "pybot"),
  );

describe("session (c): the program", () => {
  it("gets a key that says what it may, once", async () => {
    const machine = createMachine();
    const admin = await startDemo(machine);
    const { line, env } = await makeKey(machine, admin);
    expect(line).toMatch(/BOTYARD_KEY=by_\w+ +# shown once; bot chat\/helper, all its rooms, no expiry\n$/);
    const whoami = await admin.as(env["BOTYARD_KEY"] ?? "").must(200, "GET", "/v1/whoami");
    expect(whoami).toMatchObject({ name: "pybot", preset: "bot", grant: { bots: ["chat/helper"] } });
    expect(JSON.stringify(await admin.must(200, "GET", "/v1/keys"))).not.toContain(env["BOTYARD_KEY"]);
  });

  withPython(`answers who speaks to it, and nobody else${needs}`, async () => {
    const machine = createMachine();
    const admin = await startDemo(machine);
    const { env } = await makeKey(machine, admin);
    const bot = machine.spawn("python3", ["-c", program], { env });
    await begun(admin);
    await say(admin, "nobody in particular");
    await say(admin, "@helper restart the build");
    const shown = await until(
      () => room(admin),
      (lines) => lines.length === 3,
    );
    expect(shown).toEqual([
      "alice: nobody in particular",
      "alice: @helper restart the build",
      "helper: you said: @helper restart the build",
    ]);
    await bot.end("SIGKILL");
  });

  withPython(`dies between reply and acknowledgement: the next one says it once${needs}`, async () => {
    const machine = createMachine();
    const admin = await startDemo(machine);
    const { env } = await makeKey(machine, admin);
    const dying = program.replace(
      /^ {4}s\.post\(f"\{v1\}\/consumers\/pybot\/ack"/m,
      "    if page['items']: os._exit(7)\n$&",
    );
    expect(dying).not.toBe(program);
    const first = machine.spawn("python3", ["-c", dying], { env });
    await begun(admin);
    await say(admin, "@helper restart the build");
    expect(await first.ended).toMatchObject({ code: 7 });
    expect(await room(admin)).toHaveLength(2);

    const second = machine.spawn("python3", ["-c", program], { env });
    const acked = (page: Json): boolean => items(page)[0]?.["waiting"] === 0;
    await until(() => admin.must(200, "GET", "/v1/consumers"), acked);
    expect(await room(admin)).toEqual([
      "alice: @helper restart the build",
      "helper: you said: @helper restart the build",
    ]);
    await second.end("SIGKILL");
  });
});

describe("session (c): the worst days", () => {
  it("the same reply is answered by the first answer, 201 and Idempotency-Replayed; the room shows one message", async () => {
    const machine = createMachine();
    const admin = await startDemo(machine);
    const { env } = await makeKey(machine, admin);
    const bot = admin.as(env["BOTYARD_KEY"] ?? "");
    await bot.must(201, "PUT", "/v1/consumers/pybot", { start: "now", bot: "chat/helper" });
    await say(admin, "@helper restart the build");
    const pull = () => bot.must(200, "GET", "/v1/consumers/pybot/events?waitMs=10000");
    const spoken = (page: Json): Json | undefined => items(page).find(({ type }) => type === "message.created");
    const page = await until(pull, (answer) => spoken(answer) !== undefined);
    const path = `/v1/events/${String(spoken(page)?.["id"])}/reply`;
    const first = await bot.call("POST", path, { body: { text: "on it" } });
    // Not acknowledged: the page comes again, and with it the same reply.
    expect(spoken(await pull())).toEqual(spoken(page));
    const again = await bot.call("POST", path, { body: { text: "on it" } });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect([first.headers["idempotency-replayed"], again.headers["idempotency-replayed"]]).toEqual([undefined, "true"]);
    expect(again.body).toEqual(first.body);
    expect(await room(admin)).toEqual(["alice: @helper restart the build", "helper: on it"]);
  });

  it("a send the server does not answer is 504, effect unknown, with the line that says what became of it", async () => {
    const machine = createMachine();
    const admin = await startDemo(machine);
    // A server like Talk: no id in the answer, and a repeat would be a second message.
    await admin.must(201, "POST", "/v1/connections", {
      id: "odd",
      platform: "sandbox",
      settings: { profiles: ["no-message-id"] },
    });
    await admin.must(201, "POST", "/v1/connections/odd/bots", { handle: "helper" });
    await admin.must(200, "PUT", "/v1/connections/odd/rooms/lobby/bots/helper", {});
    await admin.must(200, "POST", "/v1/connections/odd/sandbox/fault", { kind: "lose-answer" });
    const sent = await admin.call("POST", "/v1/connections/odd/rooms/lobby/messages", { body: { text: "deployed" } });
    expect(sent.status).toBe(504);
    expect(sent.body).toMatchObject({ code: "timeout", effect: "unknown" });
    const operation = String(sent.body["operation"]);
    const line = `Do not send again: GET /v1/ledger/${operation}?waitMs=30000`;
    expect(sent.body["detail"]).toContain(line);
    const [, path = ""] = line.split("GET ");
    // The message itself came back as an event long before anybody gave up on the answer.
    expect(await admin.must(200, "GET", path)).toMatchObject({ state: "done", settledBy: "echo" });
    expect(await room(admin, "odd")).toEqual(["helper: deployed"]);
  });

  it("a reader that slept longer than events are kept is told where to go on", async () => {
    const machine = createMachine();
    const config = join(machine.folder, "botyard.yaml");
    mkdirSync(machine.data, { recursive: true });
    writeFileSync(config, "retention: { events: 1s }\n");
    const { service, ...before } = await startServe(machine, "--config", config);
    await before.must(201, "POST", "/v1/connections", { id: "chat", platform: "sandbox" });
    await before.must(201, "POST", "/v1/connections/chat/bots", { handle: "helper" });
    await before.must(200, "PUT", "/v1/connections/chat/rooms/lobby/bots/helper", {});
    await before.must(201, "PUT", "/v1/consumers/pybot", { start: "oldest", bot: "chat/helper" });
    const { cursor } = await before.must(200, "GET", "/v1/events?from=oldest&limit=1");
    await say(before, "a long time ago");
    const waiting = () => before.must(200, "GET", "/v1/consumers/pybot/events");
    await until(waiting, (page) => items(page).some(({ type }) => type === "message.created"));
    await service.end();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const after = await startServe(machine, "--config", config);
    const slept = await until(
      () => after.call("GET", "/v1/consumers/pybot/events"),
      ({ status }) => status !== 200,
    );
    expect(slept.status, slept.text).toBe(410);
    expect(slept.body).toMatchObject({ code: "gone", effect: "none" });
    expect(slept.body["detail"]).toMatch(/^events before \d{4}-\d\d-\d\d are no longer kept \(retention 1s\)$/);
    expect(await after.call("GET", `/v1/events?from=${String(cursor)}`)).toMatchObject({ status: 410 });
    const oldest = String(slept.body["oldest"]);
    expect(oldest).toMatch(/^c_[0-9a-z]+_\d+$/);
    expect((await after.call("GET", `/v1/events?from=${oldest}`)).status).toBe(200);
    await after.must(200, "POST", "/v1/consumers/pybot/ack", { cursor: oldest });
    expect((await after.call("GET", "/v1/consumers/pybot/events")).status).toBe(200);
  });
});
