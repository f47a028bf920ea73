import { describe, expect, test } from "vitest";
import { addUser, joinTeam } from "../src/simulator/index.ts";
import { scene, type Place } from "./scene.ts";

const answerOnce = (place: Place, method: string, path: RegExp, status: number, id: string): void =>
  place.sim.faults.add({
    kind: "answer",
    method,
    path,
    response: () => Response.json({ id, message: "", status_code: status }, { status }),
  });

const permissions = "api.context.permissions.app_error";

/** A call of several requests: what one of them did is not undone by the refusal of the next. */
describe("what half succeeded is said, and not begun anew", () => {
  test("a bot whose owner was refused is kept, with its token", async () => {
    const { place, world } = await scene();
    answerOnce(place, "POST", /\/assign\//, 403, permissions);
    const { value } = await world.invoke("bots.create", { handle: "owned", options: { owner: "alice" } });
    expect(value).toMatchObject({
      handle: "owned",
      changed: [{ field: "options.owner", asked: "alice", given: expect.stringMatching(/^not set: /) as string }],
    });
    expect(await world.call("bots.get", { bot: "owned" })).toMatchObject({ username: "owned", enabled: true });
    const { items } = await world.call("credentials.list", { bot: "owned" });
    expect(items).toHaveLength(1);
  });

  test("a bot that could not be looked at again after it was made is kept too", async () => {
    const { place, world } = await scene();
    place.sim.faults.add({ kind: "answer", method: "POST", path: /\/users\/ids$/ });
    await world.call("bots.create", { handle: "second" });
    expect(await world.call("bots.get", { bot: "second" })).toMatchObject({ native: { owner: "person" } });
  });

  test("a channel whose guests could not be brought in is there, and not made twice", async () => {
    const { place, world } = await scene();
    const outsider = addUser(place.sim.world, { username: "outsider", password: "Secret 2026" });
    const input = { name: "Build", as: "helper", invite: [place.alice.id, outsider.id] };
    const refusal = await world.refused("not_found", "rooms.create", input);
    expect(refusal.effect).toBe("applied");
    expect(refusal.message).toMatch(
      new RegExp(`^the channel was made as [a-z0-9]{26}, but ${outsider.id} is not in it`),
    );
    const made = [...place.sim.world.channels.values()].filter(({ name }) => name === "build");
    expect(made.map(({ members }) => members.has(place.alice.id))).toEqual([true]);
  });

  test("a limit in the middle does not begin a channel anew", async () => {
    const { place, world } = await scene();
    place.sim.faults.add({
      kind: "answer",
      method: "POST",
      path: /\/members$/,
      times: 10,
      response: () => new Response("limit exceeded\n", { status: 429, headers: { "retry-after": "0" } }),
    });
    const refusal = await world.refused("rate_limited", "rooms.create", {
      name: "Build",
      as: "helper",
      invite: [place.alice.id],
    });
    expect(refusal.effect).toBe("applied");
    expect(place.sim.faults.served.filter((line) => line === "POST /api/v4/channels")).toHaveLength(1);
  });

  test("a bot or a person in the team, and not in the channel", async () => {
    const { place, world } = await scene();
    await world.call("bots.create", { handle: "second" });
    const channel = /\/channels\/[a-z0-9]{26}\/members$/;
    answerOnce(place, "POST", channel, 403, permissions);
    const refusal = await world.refused("forbidden", "rooms.add-bot", { room: "eng:ops", bot: "second" });
    expect(refusal).toMatchObject({ effect: "applied" });
    expect(refusal.message).toMatch(/^entered the team eng, but not the channel ops: /);
    const bob = addUser(place.sim.world, { username: "bob", password: "Secret 2026" });
    answerOnce(place, "POST", channel, 403, permissions);
    const invite = { room: "eng:ops", user: bob.id, as: "helper" };
    expect((await world.refused("forbidden", "members.invite", invite)).effect).toBe("applied");
    const team = place.sim.world.teams.get(place.team);
    expect(team?.members.has(bob.id)).toBe(true);
    // Whom it left out before, with nothing done.
    const carol = addUser(place.sim.world, { username: "carol", password: "Secret 2026" });
    if (team) joinTeam(place.sim.world, team, carol.id);
    answerOnce(place, "POST", channel, 403, permissions);
    expect((await world.refused("forbidden", "members.invite", { ...invite, user: carol.id })).effect).toBe("none");
  });

  test("the first part of a long text is not sent again because a later one was refused", async () => {
    const { place, world } = await scene({ config: { maxPostSize: 20 }, settings: { longMessages: "split" } });
    let posts = 0;
    const { served } = place.sim.faults;
    place.sim.faults.add({
      kind: "answer",
      method: "POST",
      path: { test: (path: string) => path.endsWith("/posts") && ++posts === 2 } as RegExp,
      response: () => Response.json({ id: permissions, message: "", status_code: 403 }, { status: 403 }),
    });
    const input = { room: "eng:ops", as: "helper", text: "one two three four five six seven eight" };
    const refusal = await world.refused("forbidden", "messages.send", input);
    expect(refusal.effect).toBe("applied");
    expect(refusal.message).toMatch(/^1 of \d parts was sent, the first as [a-z0-9]{26}; the rest was not: /);
    expect(served.filter((line) => line === "POST /api/v4/posts")).toHaveLength(1);
  });

  test("a status without its text", async () => {
    const { place, world, self } = await scene();
    answerOnce(place, "PUT", /\/status\/custom$/, 403, permissions);
    const refusal = await world.refused("forbidden", "presence.set", {
      presence: "busy",
      text: "building",
      as: "helper",
    });
    expect(refusal).toMatchObject({
      effect: "applied",
      message: expect.stringMatching(/^the status is busy/) as string,
    });
    expect(await world.call("presence.get", { user: self })).toEqual({ presence: "busy", text: null });
  });
});
