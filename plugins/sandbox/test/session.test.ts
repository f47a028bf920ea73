import { isBotyardError, type OpenEffect, type Resumed, type StepDraft } from "@botyard/sdk";
import { afterEach, describe, expect, test } from "vitest";
import { openSandbox, type Opened } from "./open.ts";

const opened: { close(): Promise<void> }[] = [];

async function open(...args: Parameters<typeof openSandbox>): Promise<Opened> {
  const made = await openSandbox(...args);
  opened.push(made.session);
  return made;
}

afterEach(async () => {
  for (const session of opened.splice(0)) await session.close();
});

/** Receives until the test ends; resolves once events flow. */
async function receive({
  session,
}: Opened): Promise<{ resumed: Resumed; stop(): Promise<void>; ended: Promise<unknown> }> {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Resumed>();
  const ended = (session.receive?.run?.({ signal: stop.signal, started: resolve }) ?? Promise.resolve()).catch(
    (error: unknown) => error,
  );
  return {
    resumed: await promise,
    ended,
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

async function failure(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isBotyardError(error)) throw new Error("it did not fail with a BotyardError", { cause: error });
  return error;
}

const messagesOf = async (box: Opened, room: string): Promise<string[]> =>
  (await box.run<{ items: { text: string; deleted: boolean }[] }>("sandbox.transcript", { room })).items.map(
    ({ text }) => text,
  );

describe("a bot in a room", () => {
  test("enters the space first, hears a person, answers, and is heard", async () => {
    const box = await open();
    const bot = await box.makeBot("helper");
    const joined = await box.run("rooms.add-bot", { room: "r_eng_ops", bot: "helper" }, box.call({ bot }));
    expect(joined).toEqual({ room: "r_eng_ops", joined: true, via: "entered eng, entered eng:ops" });
    const receiver = await receive(box);
    expect(receiver.resumed).toEqual({ from: "fresh" });
    const asked = await box.say("r_eng_ops", "@helper restart the build");
    const event = await box.host.event(({ message }) => message?.id === asked);
    expect(event).toMatchObject({
      type: "message.created",
      bots: ["helper"],
      room: { id: "r_eng_ops", handle: "eng:ops", parent: "r_eng" },
      actor: { id: "alice", kind: "user" },
      content: { mentions: [{ kind: "user", id: bot.nativeId, offset: 0, length: 7 }] },
    });
    const call = box.call({ as: box.as(bot) });
    const sent = await box.run<{ message: string }>(
      "messages.send",
      { room: "r_eng_ops", text: "done", replyTo: asked },
      call,
    );
    const echo = await box.host.event(({ message }) => message?.id === sent.message);
    expect(echo).toMatchObject({ effectId: call.effectId, repliesTo: "alice", actor: { kind: "bot" } });
    await receiver.stop();
  });

  test("a repeated send with one key is one message; without a member's right there is none", async () => {
    const box = await open();
    const bot = await box.makeBot("helper");
    const call = box.call({ as: box.as(bot) });
    const refused = await failure(box.run("messages.send", { room: "r_lobby", text: "hi" }, call));
    expect(refused).toMatchObject({ code: "forbidden", effect: "none" });
    await box.run("rooms.add-bot", { room: "r_lobby", bot: "helper" }, box.call({ bot }));
    const first = await box.run("messages.send", { room: "r_lobby", text: "hi" }, call);
    const again = await box.run("messages.send", { room: "r_lobby", text: "hi" }, { ...call, attempt: 2 });
    expect(again).toEqual(first);
    expect(await messagesOf(box, "r_lobby")).toEqual(["hi"]);
  });

  test("reactions, edits and deletions are events, and change what the room shows", async () => {
    const box = await open();
    const bot = await box.makeBot("helper");
    await box.run("rooms.add-bot", { room: "r_lobby", bot: "helper" }, box.call({ bot }));
    const receiver = await receive(box);
    const message = await box.say("r_lobby", "hello");
    const place = { room: "r_lobby", message };
    const as = box.as(bot);
    expect(await box.run("reactions.add", { ...place, emoji: "👍" }, box.call({ as }))).toEqual({
      emoji: "👍",
      added: true,
    });
    expect(await box.run("reactions.add", { ...place, emoji: "👍" }, box.call({ as }))).toEqual({
      emoji: "👍",
      added: false,
    });
    await box.run("sandbox.react", { ...place, emoji: "👍" });
    expect(await box.run("reactions.list", place, box.call({ as }))).toEqual({
      items: [{ emoji: "👍", users: [bot.nativeId, "alice"] }],
    });
    await box.run("sandbox.edit", { ...place, text: "hello all" });
    await box.run("sandbox.delete", place);
    await box.host.event(({ type }) => type === "message.deleted");
    const types = box.host.events.filter(({ message: about }) => about?.id === message).map(({ type }) => type);
    expect(types).toEqual([
      "message.created",
      "reaction.added",
      "reaction.added",
      "message.updated",
      "message.deleted",
    ]);
    expect((await failure(box.run("messages.get", place, box.call({ as })))).code).toBe("not_found");
    await receiver.stop();
  });
});

describe("receiving", () => {
  test("a cut socket goes on where it stopped, and nothing is missing", async () => {
    const box = await open();
    const bot = await box.makeBot("helper");
    await box.run("rooms.add-bot", { room: "r_lobby", bot: "helper" }, box.call({ bot }));
    const first = await receive(box);
    await box.say("r_lobby", "one");
    await box.host.event(({ content }) => content?.text === "one");
    await box.run("sandbox.fault", { kind: "cut" });
    expect(await first.ended).toMatchObject({ code: "unreachable" });
    await box.say("r_lobby", "two");
    const second = await receive(box);
    expect(second.resumed).toEqual({ from: "resumed" });
    await box.host.event(({ content }) => content?.text === "two");
    await second.stop();
  });

  test("a hole in the stream ends the run before anything after it is committed", async () => {
    const box = await open();
    const bot = await box.makeBot("helper");
    await box.run("rooms.add-bot", { room: "r_lobby", bot: "helper" }, box.call({ bot }));
    const first = await receive(box);
    await box.run("sandbox.fault", { kind: "drop-events" });
    // bob's entering is the event that nobody hears
    await box.say("r_lobby", "heard late", "bob");
    expect(await first.ended).toMatchObject({ code: "upstream" });
    expect(box.host.events.some(({ content }) => content?.text === "heard late")).toBe(false);
    const second = await receive(box);
    await box.host.event(({ content }) => content?.text === "heard late");
    const types = box.host.events.filter(({ actor }) => actor?.id === "bob").map(({ type }) => type);
    expect(types).toEqual(["member.joined", "message.created"]);
    await second.stop();
  });

  test("a deaf socket stays open, and only the proof finds it", async () => {
    const box = await open();
    const receiver = await receive(box);
    const prove = (): Promise<unknown> =>
      Promise.race([
        box.session.receive?.prove
          ?.check({ signal: AbortSignal.timeout(10_000), started: () => {} })
          .then(() => "answered"),
        new Promise((resolve) => setTimeout(() => resolve("silent"), 20)),
      ]);
    expect(await prove()).toBe("answered");
    await box.run("sandbox.fault", { kind: "deaf" });
    expect(await prove()).toBe("silent");
    await receiver.stop();
  });

  test("no-resume: what came while away is lost, and history gives it back, but not where it is closed", async () => {
    const box = await open({ profiles: ["no-resume"], closedHistory: ["eng:alerts"] });
    const bot = await box.makeBot("helper");
    for (const room of ["r_lobby", "r_eng_alerts"])
      await box.run("rooms.add-bot", { room, bot: "helper" }, box.call({ bot }));
    const first = await receive(box);
    await first.stop();
    const from = new Date().toISOString();
    await box.say("r_lobby", "missed");
    await box.say("r_eng_alerts", "missed too");
    const second = await receive(box);
    expect(second.resumed).toEqual({ from: "unknown" });
    const gap = {
      id: "gap_1",
      connection: "chat",
      from,
      to: null,
      cause: "cut",
      certainty: "possible",
      state: "open",
      messages: 0,
    } as const;
    const outcomes = await box.session.receive?.backfill?.(gap, AbortSignal.timeout(10_000));
    expect(outcomes).toEqual([
      { room: "r_lobby", outcome: "filled", messages: 1 },
      { room: "r_eng_alerts", outcome: "lost", messages: 0, reason: "the bot may not read the history of this room" },
    ]);
    expect(box.host.events.filter(({ content }) => content).map(({ content }) => content?.text)).toEqual(["missed"]);
    await second.stop();
  });

  test("an event of a kind nobody knows is kept as platform.unknown", async () => {
    const box = await open();
    await box.makeBot("helper");
    const receiver = await receive(box);
    await box.run("sandbox.fault", { kind: "odd-frame" });
    expect(await box.host.event(({ type }) => type === "platform.unknown")).toMatchObject({ native: { op: "odd" } });
    await receiver.stop();
  });
});

describe("sending where answers are lost", () => {
  const effectOf = (call: { effectId: string; as: OpenEffect["as"] }, room: string): OpenEffect => ({
    id: "op_1",
    operation: "messages.send",
    effectId: call.effectId,
    attempts: 1,
    room,
    as: call.as,
    startedAt: new Date().toISOString(),
  });

  test("no-message-id: the answer has none, history has it, and an unsent one is proven unsent", async () => {
    const box = await open({ profiles: ["no-message-id"] });
    const bot = await box.makeBot("helper");
    await box.run("rooms.add-bot", { room: "r_lobby", bot: "helper" }, box.call({ bot }));
    const call = box.call({ as: box.as(bot) });
    expect(await box.run("messages.send", { room: "r_lobby", text: "hi" }, call)).toEqual({
      message: null,
      time: null,
    });
    const verdict = await box.session.reconcile?.(effectOf(call, "r_lobby"), call.signal);
    expect(verdict).toMatchObject({ state: "done", answer: { message: expect.stringMatching(/^m_/) } });
    const never = box.call({ as: box.as(bot) });
    expect(await box.session.reconcile?.(effectOf(never, "r_lobby"), call.signal)).toMatchObject({ state: "failed" });
    // without a key the server does it twice
    await box.run("messages.send", { room: "r_lobby", text: "hi" }, call);
    expect(await messagesOf(box, "r_lobby")).toEqual(["hi", "hi"]);
  });

  test("a lost answer leaves the effect unknown; it was done", async () => {
    const box = await open();
    const bot = await box.makeBot("helper");
    await box.run("rooms.add-bot", { room: "r_lobby", bot: "helper" }, box.call({ bot }));
    await box.run("sandbox.fault", { kind: "lose-answer" });
    const lost = await failure(
      box.run("messages.send", { room: "r_lobby", text: "hi" }, box.call({ as: box.as(bot) })),
    );
    expect(lost).toMatchObject({ code: "timeout", effect: "unknown" });
    expect(await messagesOf(box, "r_lobby")).toEqual(["hi"]);
  });

  test("detect-only-keys: a failed attempt burns its key; the next attempt has another", async () => {
    const box = await open({ profiles: ["detect-only-keys"] });
    const bot = await box.makeBot("helper");
    await box.run("rooms.add-bot", { room: "r_lobby", bot: "helper" }, box.call({ bot }));
    await box.run("sandbox.fault", { kind: "fail-before", status: 429, delayMs: 5 });
    const call = box.call({ as: box.as(bot) });
    const send = (attempt: number) => box.run("messages.send", { room: "r_lobby", text: "hi" }, { ...call, attempt });
    expect(await failure(send(1))).toMatchObject({
      code: "rate_limited",
      effect: "none",
      details: { retryAfterMs: 5 },
    });
    expect(await failure(send(1))).toMatchObject({
      code: "conflict",
      effect: "unknown",
      details: { upstream: { code: "duplicate_reference" } },
    });
    await send(2);
    expect(await messagesOf(box, "r_lobby")).toEqual(["hi"]);
    expect(await box.session.reconcile?.(effectOf(call, "r_lobby"), call.signal)).toMatchObject({ state: "done" });
  });
});

describe("operator-install", () => {
  test("a bot is installed at the console, heard by signed webhooks, and gets a new id with a new name", async () => {
    const box = await open({ profiles: ["operator-install"] });
    const { session, host } = box;
    const created = await box.run<{ bot: { nativeId: null }; steps: StepDraft[] }>("bots.create", {
      handle: "helper",
      displayName: "Bob's helper",
    });
    const [step] = created.steps;
    expect(created.bot.nativeId).toBeNull();
    expect(step?.run.command).toMatch(
      /^sandbox bot:install 'helper' '[0-9a-f]{64}' 'https:\/\/bots\.example\.org\/hooks\/chat\/helper\/1' 'Bob'\\''s helper' ''$/,
    );
    const secret = /'([0-9a-f]{64})'/.exec(step?.run.command ?? "")?.[1] ?? "";
    host.addCredential({ kind: "bot-secret", secret, bot: "helper" });
    const { fakeBot } = await import("@botyard/testing");
    const waiting = fakeBot({ handle: "helper", enabled: false });
    host.setBots([waiting]);
    const ask = { id: "step_1", kind: "install", bot: waiting, verify: step?.verify ?? {} };
    const signal = AbortSignal.timeout(10_000);
    expect(await session.verify?.(ask, signal)).toMatchObject({ state: "open" });
    await box.run("sandbox.operate", { command: step?.run.command });
    const verdict = await session.verify?.(ask, signal);
    if (verdict?.state !== "done" || !verdict.bot?.nativeId) throw new Error("the installation was not found");
    expect(verdict.bot).toMatchObject({ username: "helper", displayName: "Bob's helper", enabled: true });
    const { nativeId } = verdict.bot;
    const bot = fakeBot({ handle: "helper", nativeId });
    host.setBots([bot]);
    await box.run("rooms.add-bot", { room: "r_lobby", bot: "helper" }, box.call({ bot }));
    await box.say("r_lobby", "hello");
    const event = await host.event(({ content }) => content?.text === "hello");
    expect(event.bots).toEqual(["helper"]);
    expect(host.intakes.at(-1)).toMatchObject({ via: "webhook", bots: ["helper"] });

    const renamed = await box.run<{ steps: StepDraft[] }>(
      "bots.update",
      { bot: "helper", username: "assistant" },
      box.call({ bot }),
    );
    const [again] = renamed.steps;
    await box.run("sandbox.operate", { command: again?.run.command });
    const second = await session.verify?.(
      { id: "step_2", kind: again?.kind ?? "", bot, verify: again?.verify ?? {} },
      signal,
    );
    expect(second).toMatchObject({ state: "done", bot: { username: "assistant" } });
    expect(second?.state === "done" && second.bot?.nativeId).not.toBe(nativeId);
  });

  test("a wrong signature, an unknown bot and a broken body are refused, and nothing is kept", async () => {
    const box = await open({ profiles: ["operator-install"] });
    box.host.addCredential({ kind: "bot-secret", secret: "s".repeat(64), bot: "helper" });
    const body = new TextEncoder().encode("{}");
    const post = (path: string, signature: string) =>
      box.session.receive?.http?.({
        method: "POST",
        path,
        query: {},
        headers: { "x-sandbox-random": "r", "x-sandbox-signature": signature },
        body,
      });
    const { sign } = await import("../src/signature.ts");
    const good = await sign("s".repeat(64), "r", body);
    expect(await post("/helper/1", "00")).toEqual({ status: 401 });
    expect(await post("/other/1", good)).toEqual({ status: 401 });
    expect(await post("/helper", good)).toEqual({ status: 404 });
    expect(await post("/helper/1", good)).toEqual({ status: 400 });
    expect(box.host.intakes).toEqual([]);
  });
});

describe("two-credentials", () => {
  test("the owner's session manages, the bot's token acts, and each outlives the other", async () => {
    const box = await open({ profiles: ["two-credentials"] }, [{ kind: "owner-session", secret: "session-ops-admin" }]);
    const bot = await box.makeBot("helper");
    await box.run("rooms.add-bot", { room: "r_lobby", bot: "helper" }, box.call({ bot }));
    await box.run("sandbox.fault", { kind: "revoke", session: "session-ops-admin" });
    const refused = await failure(box.run("bots.create", { handle: "other" }));
    expect(refused).toMatchObject({ code: "unauthenticated", message: expect.stringContaining("owner-session") });
    await box.run("messages.send", { room: "r_lobby", text: "still here" }, box.call({ as: box.as(bot) }));
    expect(await failure(box.session.probe({ level: "passive", signal: AbortSignal.timeout(5000) }))).toMatchObject({
      code: "unauthenticated",
      details: { fix: expect.stringContaining("credentials import chat owner-session") },
    });
  });

  test("the wrong kind is refused and named", async () => {
    const box = await open({ profiles: ["two-credentials"] }, [{ kind: "owner-session", secret: "session-ops-admin" }]);
    const bot = await box.makeBot("helper");
    const wrong = {
      ...box.as(bot),
      credential: { id: "c", kind: "bot-token", secret: "session-ops-admin", nativeId: null },
    };
    expect(
      await failure(box.run("messages.send", { room: "r_lobby", text: "x" }, box.call({ as: wrong }))),
    ).toMatchObject({
      code: "unauthenticated",
      details: { upstream: { code: "wrong_kind" } },
    });
  });
});

describe("ghosts", () => {
  test("a ghost is made on its first use and enters the room; other ids may not be acted as", async () => {
    const box = await open();
    const ghost = (id: string) => box.call({ as: { kind: "user", id, credential: null } });
    const sent = await box.run<{ message: string }>(
      "messages.send",
      { room: "r_lobby", text: "boo" },
      ghost("ghost-7"),
    );
    const { items } = await box.run<{ items: { id: string; user: string }[] }>("sandbox.transcript", {
      room: "r_lobby",
    });
    expect(items).toMatchObject([{ id: sent.message, user: "ghost-7" }]);
    expect((await failure(box.run("messages.send", { room: "r_lobby", text: "boo" }, ghost("alice")))).code).toBe(
      "forbidden",
    );
    expect((await failure(box.run("messages.send", { room: "r_lobby", text: "boo" }, ghost("nobody")))).code).toBe(
      "forbidden",
    );
    const { items: members } = await box.run<{ items: { user: string }[] }>("members.list", { room: "r_lobby" });
    expect(members.map(({ user }) => user)).toEqual(["ghost-7"]);
  });
});
