import { describe, expect, test } from "vitest";
import type { LoginRequest, LoginStep } from "@botyard/sdk";
import { makeAccount, rightCode } from "../src/simulator/accounts.ts";
import { call, open, refused, run, type Opened } from "./session.ts";

const home = { connection: "home" } as const;
const { signal } = new AbortController();

function dialogue({ session }: Opened): (answers: Record<string, string>) => Promise<LoginStep> {
  let state: LoginRequest["state"] = null;
  return async (answers) => {
    const step = await session.login?.({ kind: "owner-session", account: null, state, answers }, signal);
    if (!step) throw new Error("there is no login");
    if (step.step === "ask") state = step.state;
    return step;
  };
}

describe("the owner's login", () => {
  test("password, second factor, and a session that is named after us", async () => {
    const opened = await open();
    const account = [...opened.sim.world.accounts.values()].find(({ email }) => email === "olga@yard.test");
    if (account) account.totp = rightCode;
    const next = dialogue(opened);
    expect(await next({})).toMatchObject({
      step: "ask",
      fields: [{ name: "email" }, { name: "password", secret: true }],
    });
    expect(await next({ email: "olga@yard.test", password: "wrong" })).toMatchObject({
      step: "ask",
      title: expect.stringContaining("wrong") as string,
    });
    expect(await next({ email: "olga@yard.test", password: "olga-password" })).toMatchObject({
      step: "ask",
      fields: [{ name: "code" }],
    });
    expect(await next({ code: "000000" })).toMatchObject({
      step: "ask",
      title: expect.stringContaining("wrong") as string,
    });
    const done = await next({ code: "774 670" });
    expect(done).toMatchObject({
      step: "done",
      credential: { kind: "owner-session" },
      note: expect.stringContaining("not the password") as string,
    });
    const token = done.step === "done" ? done.credential.secret : "";
    expect(opened.sim.world.sessions.get(token)?.name).toBe("Botyard");
  });

  test("a locked account asks again and says so; nothing throws", async () => {
    const opened = await open();
    const next = dialogue(opened);
    for (let wrong = 0; wrong < 3; wrong++) await next({ email: "olga@yard.test", password: "wrong" });
    const step = await next({ email: "olga@yard.test", password: "olga-password" });
    expect(step).toMatchObject({ step: "ask", title: expect.stringContaining("locked") as string });
  });

  test("an account without a user name is asked for one", async () => {
    const opened = await open();
    makeAccount(opened.sim.world, "new@yard.test", "correct-Horse-7");
    const next = dialogue(opened);
    expect(await next({ email: "new@yard.test", password: "correct-Horse-7" })).toMatchObject({
      fields: [{ name: "username" }],
    });
    expect(await next({ username: "admin" })).toMatchObject({
      step: "ask",
      title: expect.stringContaining("another") as string,
    });
    expect(await next({ username: "newcomer" })).toMatchObject({ step: "done" });
  });

  test("a bot has no login", async () => {
    const { session } = await open();
    const error = await refused(
      session.login?.({ kind: "bot-token", account: null, state: null, answers: {} }, signal) ?? Promise.resolve(),
    );
    expect(error.code).toBe("unsupported");
  });
});

describe("a token of the wrong kind is named", () => {
  test("a bot's token as the owner's session", async () => {
    const { sim, alice } = await open();
    const id = sim.world.id();
    sim.world.bots.set(id, { _id: id, owner: alice.id, token: "t".repeat(64), public: false, analytics: false });
    sim.world.users.set(id, { _id: id, username: "b", discriminator: "0001", owner: alice.id });
    const wrong = await open({ ownerToken: "t".repeat(64) });
    wrong.sim.world.bots.set(id, { _id: id, owner: alice.id, token: "t".repeat(64), public: false, analytics: false });
    wrong.sim.world.users.set(id, { _id: id, username: "b", discriminator: "0001", owner: alice.id });
    const error = await refused(wrong.session.probe({ level: "passive", signal }));
    expect(error).toMatchObject({ code: "unauthenticated" });
    expect(error.message).toContain("is a bot's token");
    expect(wrong.host.reports).toContainEqual([
      { kind: "credential", credential: "cred_1" },
      expect.objectContaining({ state: "auth_required" }) as object,
    ]);
  });

  test("a person's session as a bot's token: refused by REST, and by us on the socket that would take it", async () => {
    const { session, host, bot, owner, channel, sim } = await open();
    const helper = await bot("helper");
    host.addCredential({ kind: "bot-token", secret: owner.token, bot: "helper" });
    const input = { ...home, room: channel._id, as: "helper", text: "hi" };
    const error = await refused(run(session.operations["messages.send"], input, call({ as: helper })));
    expect(error).toMatchObject({ code: "unauthenticated", effect: "none" });
    expect(error.message).toContain("session of a person");
    const socket = await refused(
      session.receive?.run?.({ bot: helper, signal, started: () => {} }) ?? Promise.resolve(),
    );
    expect(socket.code).toBe("unauthenticated");
    expect(sim.gateway.count(owner.id)).toBe(0);
  });

  test("the token of another bot is not taken for this one", async () => {
    const { session, host, bot, token } = await open();
    const helper = await bot("helper");
    await bot("other");
    host.addCredential({ kind: "bot-token", secret: await token("other"), bot: "helper" });
    const error = await refused(
      session.receive?.run?.({ bot: helper, signal, started: () => {} }) ?? Promise.resolve(),
    );
    expect(error.message).toContain("another bot");
  });

  test("without a session the line that mends it is given", async () => {
    const { session } = await open({ ownerToken: null });
    const error = await refused(session.probe({ level: "passive", signal }));
    expect(error).toMatchObject({
      code: "unauthenticated",
      details: { fix: expect.stringContaining("owner-session") as string },
    });
  });
});

test("401 in the middle of a session is reported with what mends it", async () => {
  const { session, host, sim, bot, channel } = await open();
  const helper = await bot("helper");
  const target = sim.world.bots.get(helper.nativeId ?? "");
  if (target) target.token = "another";
  const input = { ...home, room: channel._id, as: "helper", text: "hi" };
  const error = await refused(run(session.operations["messages.send"], input, call({ as: helper })));
  expect(error).toMatchObject({ code: "unauthenticated", details: { fix: "botyard credentials issue home/helper" } });
  expect(host.reports).toContainEqual([
    { kind: "bot", bot: "helper" },
    expect.objectContaining({ state: "auth_required", remedy: "botyard credentials issue home/helper" }) as object,
  ]);
});

test("rotation: the old token is refused, the new one is another, and issue fetches it again", async () => {
  const { session, sim, bot, token } = await open();
  const helper = await bot("helper");
  const before = await token("helper");
  const { credential } = await run(
    session.operations["credentials.rotate"],
    { ...home, bot: "helper" },
    call({ bot: helper }),
  );
  expect(credential?.secret).not.toBe(before);
  const old = await sim.fetch(new Request("https://stoat.test/users/@me", { headers: { "x-bot-token": before } }));
  expect(old.status).toBe(401);
  const issued = await run(session.operations["credentials.issue"], { ...home, bot: "helper" }, call({ bot: helper }));
  expect(issued.credential).toEqual({ kind: "bot-token", secret: credential?.secret });
});

test("a server that goes on accepting the old token is not believed", async () => {
  const { session, sim, bot } = await open();
  const helper = await bot("helper");
  sim.fault({
    kind: "answer",
    status: 200,
    body: '{"_id":"x","username":"helper"}',
    type: "application/json",
    fits: ({ url }) => url.endsWith("/users/@me"),
  });
  const error = await refused(
    run(session.operations["credentials.rotate"], { ...home, bot: "helper" }, call({ bot: helper })),
  );
  expect(error.message).toContain("still accepts");
});
