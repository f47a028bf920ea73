import { describe, expect, test } from "vitest";
import { call, open, refused, run } from "./session.ts";

const home = { connection: "home" } as const;

describe("names", () => {
  test("what the server made of a name is told: asked, given", async () => {
    const { session } = await open();
    const made = await run(
      session.operations["bots.create"],
      { ...home, handle: "bot", username: "ボット", options: {} },
      call(),
    );
    expect(made.bot.username).toBe("tッr");
    expect(made.changed).toEqual([{ field: "username", asked: "ボット", given: "tッr" }]);
  });

  test.each(["a", "a".repeat(33), "my bot", "bot🤖", "Revolt", "ADMIN", "stoat", "my.discord.gg", "https://x"])(
    "%s is refused before anything is sent",
    async (username) => {
      const { session, requests } = await open();
      const error = await refused(
        run(session.operations["bots.create"], { ...home, handle: "bot", username, options: {} }, call()),
      );
      expect(error).toMatchObject({ code: "invalid", effect: "none" });
      expect(requests.filter((line) => line.startsWith("POST"))).toEqual([]);
    },
  );

  test("names in another script are taken", async () => {
    const { session } = await open();
    const made = await run(
      session.operations["bots.create"],
      { ...home, handle: "bot", username: "помощник", options: {} },
      call(),
    );
    expect(made.bot.nativeId).toMatch(/^[0-9A-Z]{26}$/);
  });

  test("the limit of a new account is a conflict that says so", async () => {
    const { session } = await open();
    for (const handle of ["one", "two"])
      await run(session.operations["bots.create"], { ...home, handle, options: {} }, call());
    const error = await refused(
      run(session.operations["bots.create"], { ...home, handle: "three", options: {} }, call()),
    );
    expect(error).toMatchObject({
      code: "conflict",
      effect: "none",
      details: { upstream: { code: "ReachedMaximumBots" } },
    });
  });
});

describe("every field has its place", () => {
  test("shown by get, list and create, without the token", async () => {
    const { session, bot, owner, token } = await open();
    const helper = await bot("helper");
    const options = { public: true, analytics: true, interactionsUrl: "https://bots.example/in", pronouns: "it" };
    const input = {
      ...home,
      bot: "helper",
      username: "helper2",
      displayName: "Helper",
      description: "I help.",
      options,
    };
    const { bot: changed } = await run(session.operations["bots.update"], input, call({ bot: helper }));
    const shown = await run(session.operations["bots.get"], { ...home, bot: "helper" }, call({ bot: helper }));
    const listed = await run(session.operations["bots.list"], { ...home }, call());
    expect(shown).toEqual(changed);
    expect(listed.items).toEqual([shown]);
    expect(shown).toMatchObject({
      nativeId: helper.nativeId,
      username: "helper2",
      displayName: "Helper",
      description: "I help.",
      enabled: true,
      owner: owner.id,
      native: {
        public: true,
        analytics: true,
        discoverable: false,
        interactionsUrl: "https://bots.example/in",
        termsOfServiceUrl: null,
        privacyPolicyUrl: null,
        flags: { raw: 0, verified: false, official: false },
        oauth2: null,
        pronouns: "it",
      },
    });
    expect(JSON.stringify([changed, shown, listed])).not.toContain(await token("helper"));
  });

  test("null clears, one call each: set and removed together is an error of the server", async () => {
    const { session, bot } = await open();
    const helper = await bot("helper");
    const edit = (
      input: object,
    ): Promise<{ bot: { native?: object | undefined; displayName: string | null; description: string | null } }> =>
      run(session.operations["bots.update"], { ...home, bot: "helper", ...input }, call({ bot: helper }));
    await edit({ displayName: "Helper", description: "I help.", options: { interactionsUrl: "x" } });
    const { bot: cleared } = await edit({ displayName: null, description: null, options: { interactionsUrl: null } });
    expect(cleared).toMatchObject({ displayName: null, description: null, native: { interactionsUrl: null } });
  });

  test("half of a change is told as what it is", async () => {
    const { session, bot, sim } = await open();
    const helper = await bot("helper");
    sim.fault({
      kind: "answer",
      status: 400,
      body: '{"type":"InvalidProperty"}',
      fits: ({ method, url }) => method === "PATCH" && url.includes("/users/"),
    });
    const input = { ...home, bot: "helper", username: "renamed", displayName: "Refused" };
    const error = await refused(run(session.operations["bots.update"], input, call({ bot: helper })));
    expect(error.effect).toBe("applied");
    expect(error.message).toMatch(/^username was changed, displayName was not:/);
    expect(sim.world.users.get(helper.nativeId ?? "")?.username).toBe("renamed");
  });

  test("a change that could not be looked at afterwards was made, and is not made again", async () => {
    const { session, bot, sim } = await open();
    const helper = await bot("helper");
    sim.fault({
      kind: "answer",
      status: 429,
      body: '{"retry_after":10}',
      type: "application/json",
      fits: ({ method, url }) => method === "GET" && url.includes("/bots/"),
    });
    const input = { ...home, bot: "helper", username: "renamed" };
    const error = await refused(run(session.operations["bots.update"], input, call({ bot: helper })));
    expect(error.effect).toBe("applied");
    expect(error.message).toMatch(/^username was changed, but the bot could not be read again: /);
    expect(error.details.retryAfterMs).toBeUndefined();
  });

  test("a bot whose name was taken and whose rest was refused is kept, with its token", async () => {
    const { session, sim } = await open();
    sim.fault({
      kind: "answer",
      status: 403,
      body: '{"type":"NotPrivileged"}',
      fits: ({ method, url }) => method === "PATCH" && url.includes("/users/"),
    });
    const made = await run(
      session.operations["bots.create"],
      { ...home, handle: "bot", displayName: "Refused", options: {} },
      call(),
    );
    expect(made.credentials).toHaveLength(1);
    expect(made.changed).toEqual([
      { field: "displayName", asked: "Refused", given: expect.stringContaining("not set") as string },
    ]);
  });
});

describe("OAuth2", () => {
  test("a released server says 200 and does nothing: unsupported, and nothing else is changed", async () => {
    const { session, bot, sim } = await open();
    const helper = await bot("helper");
    const input = {
      ...home,
      bot: "helper",
      username: "renamed",
      options: { oauth2: { redirectUris: ["https://app.example/cb"] } },
    };
    const error = await refused(run(session.operations["bots.update"], input, call({ bot: helper })));
    expect(error).toMatchObject({ code: "unsupported", effect: "none" });
    expect(sim.world.users.get(helper.nativeId ?? "")?.username).toBe("helper");
  });

  test("once the probe knows, it is not even asked", async () => {
    const { session, bot, requests } = await open();
    const helper = await bot("helper");
    const report = await session.probe({ level: "passive", signal: new AbortController().signal });
    expect(report.narrow?.["stoat.oauth2-secret"]).toMatchObject({ support: "none" });
    const before = requests.length;
    const error = await refused(
      run(
        session.operations["bots.update"],
        { ...home, bot: "helper", options: { oauth2: {} } },
        call({ bot: helper }),
      ),
    );
    expect(error.code).toBe("unsupported");
    expect(requests.length).toBe(before);
  });

  test("disabling on a server without it is unsupported, not success", async () => {
    const { session, bot } = await open();
    const helper = await bot("helper");
    const error = await refused(
      run(
        session.operations["bots.update"],
        { ...home, bot: "helper", options: { oauth2: null } },
        call({ bot: helper }),
      ),
    );
    expect(error).toMatchObject({ code: "unsupported", effect: "none" });
  });

  test("where it is there, settings are shown, the secret only by its own operation", async () => {
    const { session, bot, sim } = await open({ oauth2: true });
    const helper = await bot("helper");
    const report = await session.probe({ level: "passive", signal: new AbortController().signal });
    expect(report.narrow).not.toHaveProperty("stoat.oauth2-secret");
    const oauth2 = {
      redirectUris: ["https://app.example/cb"],
      allowedScopes: { "read:identify": { allow: "know you", deny: "no more" } },
    };
    const update = (options: object): Promise<{ bot: { native?: object | undefined } }> =>
      run(
        session.operations["bots.update"],
        { ...home, bot: "helper", options: { ...options } },
        call({ bot: helper }),
      );
    const { bot: shown } = await update({ oauth2 });
    expect(shown.native).toMatchObject({ oauth2: { public: false, ...oauth2 } });
    const read = (): Promise<{ clientId: string; clientSecret: string | null }> =>
      run(session.operations["stoat.oauth2-secret"], { ...home, bot: "helper" }, call({ bot: helper }));
    const first = await read();
    expect(first).toEqual({
      clientId: helper.nativeId,
      clientSecret: sim.world.bots.get(helper.nativeId ?? "")?.oauth2?.secret,
    });
    expect(JSON.stringify(shown)).not.toContain(first.clientSecret ?? "never");
    await update({ resetOauth2ClientSecret: true });
    expect((await read()).clientSecret).not.toBe(first.clientSecret);
    await update({ oauth2: { public: true } });
    expect((await read()).clientSecret).toBeNull();
    expect((await refused(update({ resetOauth2ClientSecret: true }))).code).toBe("conflict");
    expect((await update({ oauth2: null })).bot.native).toMatchObject({ oauth2: null });
    expect((await refused(read())).code).toBe("conflict");
  });
});

describe("invitations", () => {
  const permissions = ["ManageMessages"] as const;

  test("permissions make a role where the instance knows them", async () => {
    const { session, bot, server, sim } = await open({ version: "0.16.0" });
    const helper = await bot("helper");
    await run(
      session.operations["rooms.remove-bot"],
      { ...home, room: server._id, bot: "helper" },
      call({ bot: helper }),
    );
    const input = { ...home, room: server._id, id: helper.nativeId ?? "", permissions: [...permissions] };
    const invited = await run(session.operations["stoat.invite-bot"], input, call());
    expect(invited).toMatchObject({ joined: true, permissions: "given" });
    expect(server.roles.get(invited.role ?? "")).toMatchObject({
      owner: helper.nativeId,
      permissions: { a: 2 ** 23, d: 0 },
    });
    expect(sim.world.servers.size).toBe(1);
  });

  test("an old instance ignores them, and that is said", async () => {
    const { session, bot, server } = await open();
    const helper = await bot("helper");
    await run(
      session.operations["rooms.remove-bot"],
      { ...home, room: server._id, bot: "helper" },
      call({ bot: helper }),
    );
    const input = { ...home, room: server._id, id: helper.nativeId ?? "", permissions: [...permissions] };
    const invited = await run(session.operations["stoat.invite-bot"], input, call());
    expect(invited).toMatchObject({ joined: true, role: null, permissions: "ignored" });
  });

  test("the bot joined, the permissions were refused: both are said", async () => {
    const { session, bot, sim, alice, server: own } = await open({ version: "0.16.0" });
    const helper = await bot("helper");
    await run(session.operations["rooms.remove-bot"], { ...home, room: own._id, bot: "helper" }, call({ bot: helper }));
    const { makeServer, joinServer } = await import("../src/simulator/servers.ts");
    const { bitsOf } = await import("../src/rules.ts");
    const { server } = makeServer(sim.world, alice.id, "Weak");
    const olga = [...sim.world.users.values()].find(({ username }) => username === "olga")?._id ?? "";
    joinServer(sim.world, server, olga);
    server.roles.set("r", { _id: "r", name: "managers", permissions: { a: bitsOf(["ManageServer"]), d: 0 }, rank: 0 });
    server.members.get(olga)?.roles.push("r");
    const input = { ...home, room: server._id, id: helper.nativeId ?? "", permissions: [...permissions] };
    const invited = await run(session.operations["stoat.invite-bot"], input, call());
    expect(invited).toMatchObject({
      joined: true,
      role: null,
      permissions: "refused",
      detail: expect.stringContaining("ManageRole") as string,
    });
    expect(server.members.has(helper.nativeId ?? "")).toBe(true);
  });
});

test("a bot that left its places and could not be deleted is told as that", async () => {
  const { session, bot, sim, server } = await open();
  const helper = await bot("helper");
  expect(server.members.has(helper.nativeId ?? "")).toBe(true);
  sim.fault({
    kind: "answer",
    status: 404,
    body: "",
    fits: ({ method, url }) => method === "DELETE" && url.includes("/bots/"),
  });
  const error = await refused(
    run(session.operations["bots.delete"], { ...home, bot: "helper" }, call({ bot: helper })),
  );
  expect(error).toMatchObject({ code: "unsupported", effect: "applied" });
  expect(error.message).toMatch(/^the bot has left 1 server or group, but was not deleted: /);
  expect(server.members.has(helper.nativeId ?? "")).toBe(false);
});

test("a deleted bot leaves its places first, and its socket is closed by us", async () => {
  const { session, bot, sim, server, host } = await open();
  const helper = await bot("helper");
  const ending = new AbortController();
  let started = (): void => {};
  const open_ = new Promise<void>((resolve) => (started = resolve));
  const running = session.receive
    ?.run?.({ bot: helper, signal: ending.signal, started: () => started() })
    .catch(() => {});
  await open_;
  expect(sim.gateway.count(helper.nativeId ?? "")).toBe(1);
  await run(session.operations["bots.delete"], { ...home, bot: "helper" }, call({ bot: helper }));
  await running;
  expect(sim.gateway.count(helper.nativeId ?? "")).toBe(0);
  expect(server.members.has(helper.nativeId ?? "")).toBe(false);
  expect(host.events.some(({ type }) => type === "member.left")).toBe(true);
});
