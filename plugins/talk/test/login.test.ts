import { afterEach, expect, test } from "vitest";
import { createFakeHost } from "@botyard/testing";
import type { Session } from "@botyard/sdk";
import type { Capabilities } from "../src/capabilities.ts";
import platform from "../src/index.ts";
import type { Settings } from "../src/settings.ts";
import { createNextcloud } from "../src/simulator/index.ts";
import { openTalk, type Talk } from "./open.ts";

let talk: Talk | undefined;
afterEach(async () => {
  await talk?.world.close();
  talk = undefined;
});

test("a person opens a link and grants an app password; no password is typed", async () => {
  talk = await openTalk({ admin: false, settings: { accounts: "reader" } });
  const { world, cloud, alice } = talk;
  const login = { kind: "account-password", account: "reader" } as const;
  const begun = await world.call("credentials.login", login);
  expect(begun).toMatchObject({ state: "open", retryMs: 2000 });
  expect(begun.url).toContain("/index.php/login/v2/flow/");
  const waiting = await world.call("credentials.login", { ...login, dialogue: begun.dialogue });
  expect(waiting).toMatchObject({ state: "open", url: begun.url });
  for (const open of cloud.world.logins.values()) open.granted = "alice";
  const done = await world.call("credentials.login", { ...login, dialogue: begun.dialogue });
  expect(done).toMatchObject({
    state: "done",
    credential: { kind: "account-password", holder: "account", of: "reader", nativeId: "alice" },
  });
  expect(alice.appPasswords.size).toBe(1);
  const probe = await world.call("connections.probe", {});
  expect(probe.continuity).toBe("observed");
  expect(probe.checks.find(({ name }) => name === "account reader")).toMatchObject({
    state: "ok",
    detail: expect.stringContaining("signed in as alice"),
  });
});

test("the administrator's too, and what it is used for is said", async () => {
  talk = await openTalk({ admin: false });
  const { world, cloud } = talk;
  expect((await world.call("connections.get", {})).checks.find(({ name }) => name === "administrator")).toMatchObject({
    state: "info",
  });
  expect(await world.capability("bots.list")).toMatchObject({ support: "degraded", reason: "no-administrator" });
  const begun = await world.call("credentials.login", { kind: "app-password" });
  for (const open of cloud.world.logins.values()) open.granted = "ops";
  await world.call("credentials.login", { kind: "app-password", dialogue: begun.dialogue });
  await expect.poll(async () => (await world.capability("bots.list")).support).toBe("native");
});

test("a refused app password is a state of the connection, with the way to a new one", async () => {
  talk = await openTalk();
  talk.ops.appPasswords.clear();
  const refusal = await talk.world.refused("unauthenticated", "connections.probe");
  expect(refusal.details.fix).toBe("botyard credentials login talk app-password");
  expect(await talk.world.call("connections.get", {})).toMatchObject({ state: "auth_required" });
});

test("a link that has died is said to be dead, and is not waited for any longer", async () => {
  const cloud = createNextcloud({ url: "https://cloud.test" });
  let now = 1_000_000;
  const host = createFakeHost<Settings>({
    id: "cloud",
    url: "https://cloud.test",
    settings: { occ: "occ", accounts: "", rotation: "keep-identity" },
    fetch: (request) => cloud.fetch(request),
    clock: { now: () => now, sleep: async () => {} },
  });
  const session = (await platform.open(host)) as Session<Capabilities>;
  const ask = (state: Readonly<Record<string, unknown>> | null) =>
    session.login?.({ kind: "app-password", account: null, state, answers: {} }, new AbortController().signal);
  const begun = await ask(null);
  if (begun?.step !== "open") throw new Error("no link");
  now += 19 * 60_000;
  expect(await ask(begun.state)).toMatchObject({ step: "open" });
  now += 2 * 60_000;
  await expect(ask(begun.state)).rejects.toMatchObject({
    code: "gone",
    details: { fix: "botyard credentials login cloud app-password" },
  });
});

test("a bot's secret is not got by logging in", async () => {
  talk = await openTalk();
  await talk.world.refused("unsupported", "credentials.login", { kind: "bot-secret" });
});

test("a secret without a name is refused where it is used", async () => {
  talk = await openTalk({ admin: false });
  await talk.world.call("credentials.import", { kind: "app-password", secret: "no-colon-here" });
  const refusal = await talk.world.refused("invalid", "connections.probe");
  expect(refusal.details.issues).toEqual([{ path: "secret", expected: "name:app-password" }]);
});
