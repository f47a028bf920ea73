import type { Clock } from "@botyard/sdk";
import { describe, expect, test } from "vitest";
import { call, createWorld, run, type TestWorld } from "./world.ts";

const place = { connection: "matrix" };

describe("from a homeserver", () => {
  const real: Clock = { now: Date.now, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };

  async function talk(options: Parameters<typeof createWorld>[0] = {}) {
    const world = await createWorld(options);
    const helper = await world.bot("helper");
    const alice = world.person("alice");
    const { room_id: id } = await alice.call("POST", "/createRoom", {
      preset: "private_chat",
      name: "Ops",
      invite: ["@bot_helper:hs.test"],
      is_direct: true,
    });
    const room = String(id);
    await run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "helper" }, call({ bot: helper }));
    await world.hs.settled();
    let sent = 0;
    const say = (body: string) =>
      alice.call("PUT", `/rooms/${encodeURIComponent(room)}/send/m.room.message/t${(sent += 1)}`, {
        msgtype: "m.text",
        body,
      });
    const texts = () =>
      world.host.events.flatMap(({ type, content }) => (type === "message.created" ? [content?.text] : []));
    return { world, helper, alice, room, say, texts };
  }

  test("an invite, a join and a message arrive once, with the room's name", async () => {
    const { world, room, say } = await talk();
    await say("hello");
    expect(world.host.events.map(({ type }) => type)).toEqual(["member.invited", "member.joined", "message.created"]);
    expect(world.host.events[0]).toMatchObject({
      room: { id: room, name: "Ops" },
      member: { user: "@bot_helper:hs.test", membership: "invited" },
      actor: { id: "@alice:hs.test" },
    });
    expect(world.host.events[2]).toMatchObject({
      room: { id: room, name: "Ops", kind: "direct" },
      actor: { id: "@alice:hs.test", kind: "user" },
      content: { text: "hello" },
    });
  });

  test("while we are down it waits, and a ping brings it", async () => {
    let deaf = false;
    const { world, say, texts } = await talk({ deaf: () => deaf });
    deaf = true;
    for (const text of ["one", "two", "three"]) await say(text);
    expect(world.hs.queue("botyard").down).toBe(true);
    deaf = false;
    const { checks } = await world.session.probe({ level: "passive", signal: world.host.signal });
    expect(checks.find(({ name }) => name === "homeserver → Botyard")?.state).toBe("ok");
    await world.hs.queue("botyard").retry();
    await world.hs.settled();
    expect(texts()).toEqual(["one", "two", "three"]);
  });

  test("what a killed homeserver lost comes back from history, and counts once", async () => {
    let deaf = false;
    const { world, room, say, texts } = await talk({ deaf: () => deaf });
    await say("before");
    const from = new Date().toISOString();
    deaf = true;
    await say("lost 1");
    world.hs.restart();
    await say("lost 2");
    deaf = false;
    const gap = {
      id: "gap_1",
      connection: "matrix",
      from,
      to: new Date().toISOString(),
      cause: "x",
      certainty: "possible",
      state: "open",
      messages: 0,
    } as const;
    expect(await world.session.receive?.backfill?.(gap, world.host.signal)).toMatchObject([
      { room, outcome: "filled" },
    ]);
    expect(texts()).toEqual(["before", "lost 1", "lost 2"]);
    expect(world.host.intakes.at(-1)).toMatchObject({ via: "backfill", gap: "gap_1" });
    await world.hs.queue("botyard").retry();
    expect(texts()).toEqual(["before", "lost 1", "lost 2"]);
  });

  test("a clock that is ten minutes ahead of the homeserver's loses nothing of a gap, nor a send that is further back", async () => {
    let deaf = false;
    const clock = { ...real, now: () => Date.now() + 600_000 };
    const { world, helper, room, say, texts } = await talk({ deaf: () => deaf, clock });
    const from = new Date(clock.now()).toISOString();
    deaf = true;
    const sent = call({ as: helper });
    await run(world.session.operations["messages.send"], { ...place, room, text: "ours" }, sent);
    for (let n = 0; n < 100; n += 1) await say(`lost ${n}`);
    world.hs.restart();
    const gap = { id: "gap_1", connection: "matrix", from, to: null, cause: "x", certainty: "possible" } as const;
    await world.session.receive?.backfill?.({ ...gap, state: "open", messages: 0 }, world.host.signal);
    expect(texts().filter((text) => text?.startsWith("lost"))).toHaveLength(100);
    const effect = { id: "op_1", operation: "messages.send", effectId: sent.effectId, attempts: 1, room, as: sent.as };
    expect(await world.session.reconcile?.({ ...effect, startedAt: from }, world.host.signal)).toMatchObject({
      state: "done",
    });
  });

  test("a room we were taken out of stays lost, and says so", async () => {
    const { world, room } = await talk();
    const gap = {
      id: "gap_1",
      connection: "matrix",
      rooms: ["!other:hs.test", room],
      from: new Date().toISOString(),
      to: null,
      cause: "x",
      certainty: "possible",
      state: "open",
      messages: 0,
    } as const;
    world.hs.faults.add({
      kind: "error",
      status: 403,
      errcode: "M_FORBIDDEN",
      match: (request) => request.url.includes("/messages"),
    });
    expect(await world.session.receive?.backfill?.({ ...gap, rooms: [...gap.rooms] }, world.host.signal)).toEqual([
      { room: "!other:hs.test", outcome: "lost", messages: 0, reason: "none of our users is in the room any more" },
      { room, outcome: "lost", messages: 0, reason: "the homeserver does not allow it" },
    ]);
  });

  test.each([
    ["managed", "@bot_helper:hs.test", true],
    ["managed", "@bot_new:hs.test", false],
    ["namespace", "@bot_new:hs.test", true],
    ["namespace", "@alice:hs.test", false],
    ["namespace", "@bot_new:other.test", false],
    ["deny", "@bot_helper:hs.test", false],
  ] as const)("queries %s: %s", async (queries, user, known) => {
    const world = await createWorld({ settings: { queries } });
    await world.bot("helper");
    world.hs.reset();
    const answer = await world.hook({ path: `/_matrix/app/v1/users/${encodeURIComponent(user)}`, method: "GET" });
    expect(answer.status).toBe(known ? 200 : 404);
    expect(world.hs.world.accounts.has(user)).toBe(known);
  });
});

describe("the way back", () => {
  test("a good homeserver", async () => {
    const world = await createWorld();
    const report = await world.session.probe({ level: "passive", signal: world.host.signal });
    expect(report).toMatchObject({
      continuity: "observed",
      steps: [],
      server: { name: "Matrix homeserver", version: "v1.12" },
    });
    expect(report.checks.map(({ name, state }) => [name, state])).toEqual([
      ["whoami", "ok"],
      ["bridge bot", "ok"],
      ["namespace", "info"],
      ["homeserver → Botyard", "ok"],
      ["encryption", "info"],
    ]);
  });

  const failing = async (world: TestWorld) => {
    const { checks, steps } = await world.session.probe({ level: "passive", signal: world.host.signal });
    return { fail: checks.find(({ state }) => state === "fail"), steps, checks };
  };

  test("one that cannot reach us: another address of ours, and the run says why", async () => {
    const world = await createWorld({ deaf: () => true });
    const { fail, steps, checks } = await failing(world);
    expect(fail).toMatchObject({
      name: "homeserver → Botyard",
      detail: "ping answered 502 M_CONNECTION_FAILED: the homeserver cannot open http://bots.test/hooks/matrix",
      fix: expect.stringMatching(/botyard connections update matrix --hooks-url http:\/\/[\w.-]+,/) as string,
    });
    // The file says it already: nothing to change on the server.
    expect(steps).toEqual([]);
    expect(checks.find(({ name }) => name === "meanwhile")?.detail).toMatch(/^the homeserver keeps later events/);
    await expect(world.session.receive?.run?.({ signal: world.host.signal, started: () => {} })).rejects.toMatchObject({
      code: "unreachable",
    });
  });

  test("one that was told another address than ours asks for a step", async () => {
    const world = await createWorld({ deaf: () => true, hooksUrl: "http://10.0.0.5:8471" });
    const { fail, steps } = await failing(world);
    expect(fail?.fix).toBe(
      "in the registration file set  url: http://10.0.0.5:8471/hooks/matrix  and restart the homeserver",
    );
    expect(steps).toMatchObject([
      { kind: "registration-url", run: { setting: "url: http://10.0.0.5:8471/hooks/matrix" } },
    ]);
  });

  test("a command without a service has no fault to report", async () => {
    const world = await createWorld({ deaf: () => true, hooksUrl: null });
    const { fail, steps, checks } = await failing(world);
    expect(fail).toBeUndefined();
    expect(steps).toEqual([]);
    expect(checks.find(({ name }) => name === "homeserver → Botyard")).toMatchObject({
      state: "warn",
      fix: "botyard serve",
    });
  });

  test("what came before an outage is said", async () => {
    let deaf = false;
    const world = await createWorld({ deaf: () => deaf });
    await world.hook({ path: "/_matrix/app/v1/transactions/1" });
    deaf = true;
    const { checks } = await failing(world);
    expect(checks.find(({ name }) => name === "meanwhile")?.detail).toMatch(
      /^last transaction less than a minute ago; the homeserver keeps later events/,
    );
  });

  test("encrypted rooms are named, whether they told us or were so before we came", async () => {
    const world = await createWorld();
    const check = async () =>
      (await world.session.probe({ level: "passive", signal: world.host.signal })).checks.find(
        ({ name }) => name === "encryption",
      );
    expect(await check()).toMatchObject({ state: "info", detail: expect.stringContaining("rooms: none") as string });
    const alice = world.person("alice");
    const make = async (state: readonly object[]) =>
      String((await alice.call("POST", "/createRoom", { preset: "public_chat", initial_state: state }))["room_id"]);
    const algorithm = { algorithm: "m.megolm.v1.aes-sha2" };
    const [before, later] = [
      await make([{ type: "m.room.encryption", state_key: "", content: algorithm }]),
      await make([]),
    ];
    const helper = await world.bot("helper");
    for (const room of [before, later])
      await run(world.session.operations["rooms.add-bot"], { ...place, room, bot: "helper" }, call({ bot: helper }));
    await alice.call("PUT", `/rooms/${encodeURIComponent(later)}/state/m.room.encryption`, algorithm);
    const { state, detail } = (await check()) ?? {};
    expect(state).toBe("warn");
    for (const room of [before, later]) expect(detail).toContain(room);
  });

  test("limits are a warning with a step, a wrong token is a state", async () => {
    const world = await createWorld();
    Object.assign(world.host.connection.settings.service, { rateLimited: true });
    const report = await world.session.probe({ level: "passive", signal: world.host.signal });
    expect(report.steps).toMatchObject([{ kind: "rate-limited" }]);
    world.host.addCredential({ kind: "as-token", secret: "wrong" });
    await expect(world.session.probe({ level: "passive", signal: world.host.signal })).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });

  test("a run starts after the ping and ends with its signal", async () => {
    const world = await createWorld();
    const stop = new AbortController();
    const started: unknown[] = [];
    const running = world.session.receive?.run?.({ signal: stop.signal, started: (resumed) => started.push(resumed) });
    await expect.poll(() => started.length).toBe(1);
    stop.abort();
    await running;
  });
});
