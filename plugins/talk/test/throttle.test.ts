import { afterEach, expect, test } from "vitest";
import { openTalk, type Talk, type TalkOptions } from "./open.ts";

let talk: Talk | undefined;
afterEach(async () => {
  await talk?.world.close();
  talk = undefined;
});
async function open(options?: TalkOptions): Promise<Talk> {
  talk = await openTalk(options);
  await talk.bot("helper");
  return talk;
}
const send = ({ world, room }: Talk, text = "x") =>
  world.call("messages.send", { room: room.token, as: "helper", text });
const refusedSend = (
  { world, room }: Talk,
  code: "unauthenticated" | "operator_required" | "forbidden" | "rate_limited",
) => world.refused(code, "messages.send", { room: room.token, as: "helper", text: "x" });

test("at the first 401 everything stops: the reason, the line that mends it and the one that lifts the throttle", async () => {
  const now = await open({ settings: { address: "10.0.0.5" } });
  const { world, cloud, run, open: steps } = now;
  await cloud.occ("occ talk:bot:state 1 1 -f webhook");
  const refusal = await refusedSend(now, "unauthenticated");
  expect(refusal.effect).toBe("none");
  expect(refusal.message).toContain("lacks the feature response");
  expect(refusal.details.fix).toBe("sudo -u www-data php occ talk:bot:state 1 1 -f webhook -f response -f reaction");
  expect(cloud.world.attempts).toHaveLength(1);

  // nothing is sent any more, by nobody
  await refusedSend(now, "operator_required");
  await world.refused("operator_required", "reactions.add", {
    room: now.room.token,
    as: "helper",
    message: "1",
    emoji: "👍",
  });
  await world.refused("operator_required", "talk.check-signature", { room: now.room.token, bot: "helper" });
  expect(cloud.world.attempts).toHaveLength(1);
  const state = await world.call("connections.get", {});
  expect(state.state).toBe("auth_required");
  expect(state.reason).toContain("X-Nextcloud-Bruteforce-Throttled 200ms");

  const [mend, lift] = (await steps()).toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
  expect(mend).toMatchObject({ kind: "state", run: { command: refusal.details.fix } });
  expect(lift).toMatchObject({
    kind: "throttle",
    run: { command: "sudo -u www-data php occ security:bruteforce:reset 10.0.0.5" },
  });
  expect((await world.call("steps.verify", { step: lift?.id ?? "" })).note).toContain("200 ms");
  await run(lift);
  expect((await world.call("steps.verify", { step: lift?.id ?? "" })).note).toContain("but not its cause");
  await run(mend);
  for (const step of [mend, lift])
    expect((await world.call("steps.verify", { step: step?.id ?? "" })).state).toBe("done");
  expect(await send(now, "back")).toMatchObject({ status: "sent" });
  expect(await world.call("connections.get", {})).toMatchObject({ state: "ready" });
});

test.each([
  ["switched off on the server", "occ talk:bot:state 1 0", "switched off on the server", "talk:bot:state 1 1"],
  ["taken out of the room", "", "is not in the room", "rooms add-bot"],
  ["uninstalled", "occ talk:bot:uninstall 1", "is not installed on the server any more", "credentials rotate"],
] as const)("a 401 is explained: %s", async (_, line, reason, fix) => {
  const now = await open();
  if (line === "") now.room.bots.clear();
  else await now.cloud.occ(line);
  const refusal = await refusedSend(now, "unauthenticated");
  expect(refusal.message).toContain(reason);
  expect(refusal.details.fix).toContain(fix);
});

test("a wrong secret is told from the rest", async () => {
  const now = await open();
  const [bot] = now.cloud.world.bots;
  if (bot) now.cloud.world.bots[0] = { ...bot, secret: "another-secret-".padEnd(50, "0") };
  const refusal = await refusedSend(now, "unauthenticated");
  expect(refusal.message).toContain("does not take the secret");
  expect((await now.world.call("bots.get", { bot: "helper" })).state).toBe("auth_required");
});

test("a stop outlives the process, and is lifted by hand", async () => {
  const now = await open();
  await now.cloud.occ("occ talk:bot:state 1 0");
  await refusedSend(now, "unauthenticated");
  await now.world.call("connections.update", {});
  await now.cloud.occ("occ talk:bot:state 1 1");
  await now.world.invoke("connections.probe");
  expect((await now.world.invoke("talk.throttle")).value).toMatchObject({
    delayMs: 200,
    stopped: expect.stringContaining("switched off"),
  });
  for (const { id } of await now.open()) await now.world.call("steps.dismiss", { step: id });
  await refusedSend(now, "operator_required");
  expect((await now.world.invoke("talk.resume")).value).toEqual({ resumed: true });
  await send(now, "slowed, but right");
  expect((await now.world.invoke("talk.resume")).value).toEqual({ resumed: false });
});

test("a blocked address stops everything too, right signatures included", async () => {
  const now = await open();
  now.cloud.world.attempts = Array.from({ length: 11 }, () => now.cloud.world.now());
  const refusal = await refusedSend(now, "rate_limited");
  expect(refusal.effect).toBe("none");
  expect(refusal.details.fix).toContain("security:bruteforce:reset");
  await refusedSend(now, "operator_required");
});

test("a call that the server would sleep over longer than we wait is not made", async () => {
  const now = await open();
  const { world, cloud, room } = now;
  // old attempts: no 429 any more, but 25 s of sleep on every call
  cloud.world.attempts = Array.from({ length: 11 }, () => cloud.world.now() - 31 * 60_000);
  await send(now, "one that tells");
  const before = room.messages.length;
  const refusal = await refusedSend(now, "rate_limited");
  expect(refusal.message).toContain("25000 ms");
  expect(room.messages).toHaveLength(before);
  const call = await world.invoke(
    "messages.send",
    { room: room.token, as: "helper", text: "patient" },
    { deadlineMs: 60_000 },
  );
  expect(call.value).toMatchObject({ status: "sent" });
});

test("what the server tells of its sleeps without a login counts before the first call, and after they are lifted", async () => {
  const now = await open({ settings: { address: "127.0.0.1" } });
  const { world, cloud, room } = now;
  cloud.world.attempts = Array.from({ length: 11 }, () => cloud.world.now() - 31 * 60_000);
  const before = room.messages.length;
  await world.call("connections.probe", {});
  // A wrong signature would be slept over for longer than we wait: its 401 would not be seen.
  await refusedSend(now, "rate_limited");
  expect(room.messages).toHaveLength(before);
  // Lifted on the server: nobody has to tell us.
  await cloud.occ("occ security:bruteforce:reset 127.0.0.1");
  await send(now, "awake");
  expect(room.messages).toHaveLength(before + 1);
});

test("another connection to the same server is the same address", async () => {
  const now = await open();
  const { world, cloud, room } = now;
  const { id } = (
    await world.invoke("connections.create", {
      id: "second",
      platform: "talk",
      url: cloud.world.url,
      credentials: { "app-password": "ops:app-password-of-ops" },
    })
  ).value as { id: string };
  const made = (await world.invoke("bots.create", { connection: id, handle: "other" })).value as {
    opened: { id: string }[];
  };
  await now.run((await world.invoke("steps.get", { step: made.opened[0]?.id, reveal: true })).value as never);
  await world.invoke("steps.verify", { step: made.opened[0]?.id });
  await world.invoke("rooms.add-bot", { connection: id, room: room.token, bot: "other" });
  const say = { connection: id, room: room.token, as: "other", text: "x" };
  await world.invoke("messages.send", say);
  await cloud.occ("occ talk:bot:state 1 0");
  await refusedSend(now, "unauthenticated");
  await world.refused("operator_required", "messages.send", say);
  await cloud.occ("occ talk:bot:state 1 1");
  await now.world.invoke("talk.resume");
  expect((await world.invoke("messages.send", say)).value).toMatchObject({ status: "sent" });
});

test("a room the bot is not in is never tried: the server would punish it", async () => {
  const now = await open();
  const { world, cloud, ops } = now;
  const other = cloud.room("Other", [ops]);
  const refusal = await world.refused("forbidden", "messages.send", { room: other.token, as: "helper", text: "x" });
  expect(refusal.details.fix).toBe(`botyard rooms add-bot talk/${other.token} helper`);
  await world.refused("forbidden", "messages.send", { room: "zzzzzzzz", as: "helper", text: "x" });
  expect(cloud.world.attempts).toEqual([]);
});

test("a signature is tried without a trace", async () => {
  const now = await open();
  const { world, room, cloud } = now;
  const before = room.messages.length;
  expect((await world.invoke("talk.check-signature", { room: room.token, bot: "helper" })).value).toEqual({
    accepted: true,
    throttledMs: 0,
  });
  expect(room.messages).toHaveLength(before);
  const { checks } = await world.call("connections.probe", { level: "active" });
  expect(checks.filter(({ name }) => name === "signature helper")).toMatchObject([{ state: "ok" }]);
  expect(cloud.world.attempts).toEqual([]);
});
