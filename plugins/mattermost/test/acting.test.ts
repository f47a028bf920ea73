import { createWorld, eventually, head, streamOf, type World } from "@botyard/testing";
import { describe, expect, test } from "vitest";
import platform, { createMattermostClient } from "../src/index.ts";
import { addPost, addToken, addUser } from "../src/simulator/index.ts";
import { mattermostPlace } from "./place.ts";
import { scene, worlds, type Place } from "./scene.ts";

const send = (world: World, text: string, more: object = {}) =>
  world.call("messages.send", { room: "eng:ops", as: "helper", text, ...more });
const messages = (place: Place): readonly string[] =>
  [...place.sim.world.posts.values()].filter(({ type }) => !type.startsWith("system_")).map(({ message }) => message);

describe("sending", () => {
  test("an earlier attempt that is still under way is waited for, and sent once", async () => {
    const { place, world } = await scene();
    const pending = { id: "api.post.deduplicate_create_post.pending", message: "", status_code: 500 };
    place.sim.faults.add({
      kind: "answer",
      method: "POST",
      path: /\/posts$/,
      times: 3,
      response: () => Response.json(pending, { status: 500 }),
    });
    const sent = await send(world, "once");
    expect(messages(place)).toEqual(["once"]);
    expect((await world.call("ledger.get", { operation: sent.operation })).attempts).toBe(1);
  });

  test("a lost answer is repeated under the same key and is one message", async () => {
    const { place, world } = await scene();
    place.sim.faults.add({ kind: "lose-answer", method: "POST", path: /\/posts$/ });
    const sent = await send(world, "once more");
    expect(messages(place)).toEqual(["once more"]);
    expect(sent.message).toBe([...place.sim.world.posts.values()].find(({ message }) => message === "once more")?.id);
  });

  test("a clock that is ten minutes ahead of the server's does not hide what was sent: it is done, not to be sent again", async () => {
    const { place, world } = await scene({ now: () => Date.now() - 600_000 });
    // It says neither that it was done, nor that it was not, nor to a repeat.
    for (let n = 0; n < 10; n += 1) place.sim.faults.add({ kind: "lose-answer", method: "POST", path: /\/posts$/ });
    place.sim.hub.cut();
    place.sim.faults.takeSockets(false);
    const { details } = await world.refused("unreachable", "messages.send", {
      room: "eng:ops",
      as: "helper",
      text: "x",
    });
    const operation = details.operation ?? "";
    expect(await world.call("ledger.reconcile", { operation })).toMatchObject({ state: "done", settledBy: "history" });
    expect(messages(place)).toEqual(["x"]);
  });

  test("somebody else's message that comes back for our key is not taken for ours", async () => {
    const { place, world } = await scene();
    const { world: server } = place.sim;
    const [channel, alice] = [server.channels.get(place.room), server.users.get(place.alice.id)];
    if (!channel || !alice) throw new Error("no channel");
    const other = addPost(server, channel, alice, { message: "of alice" });
    const answer = { ...other, metadata: {} };
    place.sim.faults.add({
      kind: "answer",
      method: "POST",
      path: /\/posts$/,
      response: () => Response.json(answer, { status: 201 }),
    });
    const sent = await send(world, "mine");
    expect(sent.message).not.toBe(other.id);
    expect(messages(place)).toEqual(["of alice", "mine"]);
  });

  test("too long is refused in the server's own unit, or split when asked", async () => {
    const { world } = await scene({ config: { maxPostSize: 40 } });
    const refusal = await world.refused("too_large", "messages.send", {
      room: "eng:ops",
      as: "helper",
      text: "é".repeat(41),
    });
    expect(refusal.details.issues).toEqual([{ path: "text", expected: "at most 40 codepoints" }]);
    await send(world, "😀".repeat(40));
    const split = await scene({ config: { maxPostSize: 40 }, settings: { longMessages: "split" } });
    await send(split.world, "one two three four five six seven eight nine ten eleven twelve thirteen");
    expect(messages(split.place)).toEqual([
      "one two three four five six seven",
      "eight nine ten eleven twelve thirteen",
    ]);
    expect(messages(split.place).every((text) => [...text].length <= 40)).toBe(true);
    expect(messages(split.place).join(" ")).toBe(
      "one two three four five six seven eight nine ten eleven twelve thirteen",
    );
  });

  test("files: attached once, and a used or unknown one is refused before anything is sent", async () => {
    const { place, world } = await scene();
    const bytes = new TextEncoder().encode("line");
    const file = await world.call("files.upload", {
      room: "eng:ops",
      as: "helper",
      name: "log.txt",
      file: { body: streamOf(bytes), type: "text/plain", size: bytes.byteLength },
    });
    await send(world, "with a file", { files: [file] });
    await world.refused("conflict", "messages.send", { room: "eng:ops", as: "helper", text: "again", files: [file] });
    await world.refused("not_found", "messages.send", {
      room: "eng:ops",
      as: "helper",
      text: "x",
      files: [{ id: "z".repeat(26), name: null }],
    });
    expect(messages(place)).toEqual(["with a file"]);
    const { items } = await world.call("messages.list", { room: "eng:ops", as: "helper" });
    expect(items[0]?.content.files).toMatchObject([{ id: file.id, name: "log.txt", size: 4 }]);
  });

  test("mentions are written as the server knows them, wherever the text names somebody", async () => {
    const { place, world, self } = await scene();
    const at = (kind: string, length: number, more: object = {}) => ({ kind, offset: 0, length, ...more });
    const person = { id: place.alice.id };
    await send(world, "Alice, look", { mentions: [at("user", 5, person)] });
    await send(world, "@alice, look", { mentions: [at("user", 6, person)] });
    await send(world, "all of you", { mentions: [at("room", 3)] });
    await send(world, "@here, look", { mentions: [at("room", 5)] });
    await send(world, "me", { mentions: [at("bot", 2, { bot: "helper" })] });
    await send(world, "I and Alice", {
      mentions: [at("user", 1, { id: self }), { kind: "user", offset: 6, length: 5, ...person }],
    });
    expect(messages(place)).toEqual([
      "@alice, look",
      "@alice, look",
      "@channel of you",
      "@here, look",
      "@helper",
      "@helper and @alice",
    ]);
    const { message } = await send(world, "x");
    const edit = { room: "eng:ops", as: "helper", message: message ?? "" };
    await world.call("messages.update", { ...edit, text: "Alice!", mentions: [at("user", 5, person)] as never });
    expect(messages(place).at(-1)).toBe("@alice!");
    const nobody = { mentions: [at("user", 3, { id: "z".repeat(26) })] };
    const input = { room: "eng:ops", as: "helper", text: "you", ...nobody } as never;
    const refusal = await world.refused("invalid", "messages.send", input);
    expect(refusal.details.issues).toEqual([{ path: "mentions", expected: "users of this server" }]);
  });

  test("a bot that is not in the room is told so with the line that mends it; HTML is refused", async () => {
    const { world } = await scene();
    await world.call("rooms.remove-bot", { room: "eng:ops", bot: "helper" });
    const refusal = await world.refused("forbidden", "messages.send", { room: "eng:ops", as: "helper", text: "x" });
    expect(refusal.details.fix).toMatch(/^botyard rooms add-bot mattermost\/[a-z0-9]{26} helper$/);
    await world.refused("unsupported_param", "messages.send", {
      room: "eng:ops",
      as: "helper",
      text: "<b>x</b>",
      format: "html",
    });
  });

  test("a proxy's page in place of an answer leaves the outcome unknown; a limit is plain text and waits", async () => {
    const { place, world } = await scene();
    place.sim.faults.add({
      kind: "answer",
      method: "POST",
      path: /\/posts$/,
      response: () => new Response("limit exceeded\n", { status: 429, headers: { "retry-after": "1" } }),
    });
    await send(world, "after the limit");
    expect(messages(place)).toEqual(["after the limit"]);
    place.sim.faults.add({ kind: "answer", method: "PUT", path: /\/patch$/ });
    const { message } = await send(world, "to edit");
    const refusal = await world.refused("upstream", "messages.update", {
      room: "eng:ops",
      as: "helper",
      message: message ?? "",
      text: "edited",
    });
    expect(refusal.effect).toBe("unknown");
  });
});

describe("bots", () => {
  test("names are checked by the server's own rule, and taken ones are conflicts", async () => {
    const { world } = await scene();
    for (const username of ["Upper", "with space", "system", "dot."])
      expect(
        (await world.refused("invalid", "bots.create", { handle: "other", username })).details.issues?.[0]?.path,
      ).toBe("username");
    await world.refused("conflict", "bots.create", { handle: "other", username: "alice" });
    await world.refused("too_large", "bots.create", { handle: "other", displayName: "x".repeat(65) });
  });

  test("where bot creation is off the step says where to switch it on, blocks, and is seen as done", async () => {
    const { place, world } = await scene({ config: { botCreation: false } });
    const { items } = await world.call("steps.list", {});
    expect(items).toMatchObject([
      {
        title: "Switch bot creation on",
        run: { command: "mmctl config set ServiceSettings.EnableBotAccountCreation true" },
      },
    ]);
    await world.refused("operator_required", "bots.create", { handle: "helper" });
    place.sim.world.config.botCreation = true;
    expect(await world.call("steps.verify", { step: items[0]?.id ?? "" })).toMatchObject({ state: "done" });
    await world.call("bots.create", { handle: "helper" });
  });

  test("an admin token without the rights is told which ones, where to give them, and what waits for them", async () => {
    const place = await mattermostPlace();
    const clerk = addUser(place.sim.world, { username: "clerk", password: "Secret 2026" });
    const { token } = addToken(place.sim.world, clerk.id, "for Botyard");
    const world = await createWorld({ platform, place: { ...place, credentials: { "admin-token": token } } });
    worlds.push(world);
    const { items } = await world.call("steps.list", {});
    expect(items).toMatchObject([
      {
        kind: "permission",
        title: expect.stringMatching(/^Give clerk the permissions create_bot, read_bots, /) as string,
        run: {
          where: expect.stringMatching(/^System Console of .* > clerk > Manage Roles/) as string,
          command: "mmctl roles system-admin clerk",
        },
      },
    ]);
    await world.refused("operator_required", "bots.create", { handle: "helper" });
    const open = await world.call("steps.verify", { step: items[0]?.id ?? "" });
    expect(open).toMatchObject({ state: "open", note: expect.stringMatching(/^still missing: create_bot/) as string });
    clerk.roles = "system_user system_admin";
    expect(await world.call("steps.verify", { step: items[0]?.id ?? "" })).toMatchObject({ state: "done" });
    await world.call("bots.create", { handle: "helper" });
  });

  test("a bot becomes a person with what was asked for, a system administrator too; our token ends", async () => {
    const { place, world, self } = await scene();
    const options = { email: "helper@yard.test", username: "helpful", firstName: "Hel", systemAdmin: true };
    const { value } = await world.invoke("bots.convert-to-user", { bot: "helper", password: "Person-2026", options });
    expect(value).toMatchObject({ id: self, username: "helpful", kind: "user" });
    const user = place.sim.world.users.get(self);
    expect(user).toMatchObject({ username: "helpful", email: "helper@yard.test", first_name: "Hel" });
    expect(user?.roles.split(" ")).toContain("system_admin");
    expect([...place.sim.world.tokens.values()].filter(({ user_id: of }) => of === self)).toEqual([]);
    await world.refused("not_found", "bots.get", { bot: "helper" });
  });

  test("a bot that owns itself is given away before it is disabled: the server would loop for ever", async () => {
    const { place, world, self } = await scene();
    const bot = place.sim.world.bots.get(self);
    if (!bot) throw new Error("no bot");
    bot.owner_id = self;
    const disabled = await world.call("bots.disable", { bot: "helper" });
    expect(disabled).toMatchObject({ enabled: false });
    expect(bot.owner_id).not.toBe(self);
  });

  test("owners must be there: unknown, deactivated and bots are refused before the server stores them", async () => {
    const { place, world } = await scene();
    await world.refused("not_found", "bots.assign", { bot: "helper", owner: "z".repeat(26) });
    await world.call("bots.create", { handle: "second" });
    await world.refused("invalid", "bots.assign", { bot: "helper", owner: "second" });
    const alice = place.sim.world.users.get(place.alice.id);
    if (alice) alice.delete_at = 1;
    await world.refused("invalid", "bots.assign", { bot: "helper", owner: "alice" });
  });

  test("a disabled bot is not taken for one that is not there when it is to become a person", async () => {
    const { world } = await scene();
    await world.call("bots.disable", { bot: "helper" });
    const input = { bot: "helper", password: "Person-2026" };
    const refusal = await world.refused("conflict", "bots.convert-to-user", input);
    expect(refusal.details.fix).toBe("botyard bots enable mattermost/helper");
    await world.call("bots.enable", { bot: "helper" });
    await world.call("bots.convert-to-user", input);
  });

  test("a person is named by id or name to become a bot", async () => {
    const { place, world } = await scene();
    const { value } = await world.invoke("users.convert-to-bot", { user: "alice", handle: "alice" });
    expect(value).toMatchObject({ nativeId: place.alice.id, handle: "alice" });
    await world.refused("not_found", "users.convert-to-bot", { user: "nobody", handle: "nobody" });
  });

  test("tokens of a bot on the server are listed, and one that is not ours is ended", async () => {
    const { place, world, self } = await scene();
    const { id } = addToken(place.sim.world, self, "pasted into a script");
    type Listed = {
      readonly id: string;
      readonly description: string;
      readonly ours: boolean;
      readonly active: boolean;
    };
    const list = async (): Promise<readonly Listed[]> =>
      ((await world.invoke("mattermost.list-tokens", { bot: "helper" })).value as { items: readonly Listed[] }).items;
    const before = await list();
    expect(before).toMatchObject([
      { description: "Botyard mattermost/helper", ours: true, active: true, expiresAt: null },
      { id, description: "pasted into a script", ours: false, active: true },
    ]);
    expect(JSON.stringify(before)).not.toContain([...place.sim.world.tokens.keys()].at(-1));
    await world.invoke("mattermost.revoke-token", { bot: "helper", token: id });
    expect((await list()).map(({ ours }) => ours)).toEqual([true]);
    const ours = { bot: "helper", token: before[0]?.id ?? "" };
    expect((await world.refused("conflict", "mattermost.revoke-token", ours)).details.instead).toBe(
      "botyard credentials revoke mattermost/helper",
    );
    await world.refused("not_found", "mattermost.revoke-token", { bot: "helper", token: "z".repeat(26) });
  });

  test("health is read from both rows, and enabling mends both", async () => {
    const { place, world, self } = await scene();
    const account = place.sim.world.users.get(self);
    if (account) account.delete_at = 1;
    expect(await world.call("bots.get", { bot: "helper" })).toMatchObject({
      enabled: false,
      native: { botDisabled: false, userDeactivated: true },
    });
    expect(await world.call("bots.enable", { bot: "helper" })).toMatchObject({ enabled: true });
    expect(account?.delete_at).toBe(0);
  });

  test("more than 200 bots are listed, disabled ones too", async () => {
    const { place, world } = await scene();
    const chat = createMattermostClient({
      url: "http://chat.test",
      token: place.adminToken,
      fetch: (request) => place.sim.fetch(request),
    });
    for (let n = 0; n < 205; n += 1) await chat.createBot({ username: `many-${n}` });
    await chat.disableBot((await chat.getUserByName("many-7")).id);
    const all: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await world.call("bots.list", { source: "server", limit: 100, ...(cursor ? { cursor } : {}) });
      all.push(...page.items.map(({ username }) => username));
      cursor = page.next;
      if (cursor === undefined) break;
    }
    expect(all).toHaveLength(206);
    expect(all).toContain("many-7");
  });

  test("icons are SVG where the server still has them, else the profile image", async () => {
    const svg = new TextEncoder().encode(`<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"></svg>`);
    const icon = () => ({ body: streamOf(svg), type: "image/svg+xml", size: svg.byteLength });
    const legacy = await scene({ config: { icons: true, version: "5.39.3" } });
    await legacy.world.call("bots.set-icon", { bot: "helper", icon: icon() });
    expect((await legacy.world.call("bots.get-icon", { bot: "helper" })).type).toBe("image/svg+xml");
    expect((await legacy.world.capability("bots.set-icon")).support).toBe("native");
    const broken = { body: streamOf(new TextEncoder().encode("<svg>")), type: "image/svg+xml", size: 5 };
    const refusal = await legacy.world.refused("invalid", "bots.set-icon", { bot: "helper", icon: broken });
    expect(refusal.message).toBe("the icon is no valid SVG");
    await legacy.world.call("bots.delete-icon", { bot: "helper" });
    // A second time the server says 500.
    await legacy.world.call("bots.delete-icon", { bot: "helper" });
    await legacy.world.refused("not_found", "bots.get-icon", { bot: "helper" });
    const { world } = await scene();
    expect((await world.capability("bots.set-icon")).support).toBe("emulated");
    await world.refused("invalid", "bots.set-icon", { bot: "helper", icon: icon() });
  });
});

describe("interactions", () => {
  const ask = (place: Place, path: string, body: object): Promise<Response> =>
    place.sim.fetch(
      new Request(`http://x/api/v4${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${place.alice.token}` },
        body: JSON.stringify(body),
      }),
    );

  test("a slash command is acknowledged with a valid body, becomes an event, and is answered later", async () => {
    const { place, world } = await scene();
    await world.invoke("mattermost.create-command", { bot: "helper", team: "eng", trigger: "deploy" });
    const from = await head(world);
    const shown = await ask(place, "/commands/execute", { channel_id: place.room, command: "/deploy prod now" });
    expect(await shown.json()).toMatchObject({ response_type: "ephemeral", text: "" });
    const event = await eventually(world, from, ({ type }) => type === "command.invoked");
    expect(event).toMatchObject({
      bots: ["helper"],
      actor: { id: place.alice.id, handle: "alice" },
      room: { id: place.room },
      invocation: { kind: "command", name: "/deploy", text: "prod now" },
    });
    expect(JSON.stringify(event)).not.toMatch(/response_url|"token"/);
    await world.invoke("mattermost.respond", { invocation: event.invocation?.id, text: "done", type: "in_channel" });
    expect(messages(place)).toEqual(["done"]);
    await world.refused("not_found", "mattermost.respond", { invocation: "inv_0", text: "x" });
  });

  test("buttons carry a proof; without it, or at another address, nothing is believed", async () => {
    const { place, world } = await scene();
    const action = { id: "approve", name: "Approve", type: "button", context: { build: 7 } };
    const { message } = await send(world, "deploy?", {
      options: { attachments: [{ text: "deploy?", actions: [action] }] },
    });
    const from = await head(world);
    expect((await ask(place, `/posts/${message}/actions/approve`, {})).status).toBe(200);
    const event = await eventually(world, from, ({ type }) => type === "action.invoked");
    expect(event).toMatchObject({
      message: { id: message },
      invocation: { kind: "button", name: "approve", payload: { build: 7 } },
    });
    expect(JSON.stringify(event)).not.toContain("botyard_proof");
    await world.refused("unsupported", "mattermost.respond", { invocation: event.invocation?.id, text: "x" });

    const post = place.sim.world.posts.get(message ?? "");
    const [{ actions: [{ integration } = { integration: { url: "" } }] } = { actions: [] }] = (post?.props[
      "attachments"
    ] ?? []) as { actions: { integration: { url: string } }[] }[];
    const path = new URL(integration.url).pathname.replace("/hooks/mattermost", "");
    const forged = { user_id: place.alice.id, post_id: message, channel_id: place.room, type: "button", context: {} };
    const hook = (at: string) =>
      world.runtime.hook("mattermost", {
        method: "POST",
        path: at,
        query: {},
        headers: {},
        body: new TextEncoder().encode(JSON.stringify(forged)),
      });
    expect((await hook(path)).status).toBe(404);
    expect((await hook(path.slice(0, -1))).status).toBe(404);
    expect((await hook("/action/helper/")).status).toBe(404);
  });

  test("a dialog is opened by the trigger, and what is submitted is an event", async () => {
    const { place, world } = await scene();
    await world.invoke("mattermost.create-command", { bot: "helper", team: "eng", trigger: "form" });
    const from = await head(world);
    await ask(place, "/commands/execute", { channel_id: place.room, command: "/form" });
    const { invocation } = await eventually(world, from, ({ type }) => type === "command.invoked");
    const opened: string[] = [];
    const tell = place.sim.hub.tell;
    Object.assign(place.sim.hub, {
      tell: (event: string, data: Readonly<Record<string, unknown>>, to: object) => (
        event === "open_dialog" && opened.push(String(data["dialog"])),
        tell(event, data, to)
      ),
    });
    await world.invoke("mattermost.open-dialog", {
      bot: "helper",
      trigger: invocation?.trigger,
      dialog: { callback_id: "cb", title: "Why" },
    });
    const { url } = JSON.parse(opened[0] ?? "{}") as { url: string };
    await ask(place, "/actions/dialogs/submit", {
      url,
      callback_id: "cb",
      state: "s",
      channel_id: place.room,
      submission: { why: "because" },
    });
    const event = await eventually(world, from, ({ type }) => type === "action.invoked");
    expect(event.invocation).toMatchObject({
      kind: "dialog",
      name: "cb",
      payload: { submission: { why: "because" }, cancelled: false, state: "s" },
    });
  });

  test("outgoing webhooks call a bot, and never for posts of our own bots", async () => {
    const { place, world } = await scene();
    await world.invoke("mattermost.create-outgoing-webhook", { bot: "helper", room: "eng:ops", words: ["!go"] });
    const from = await head(world);
    await send(world, "!go by ourselves");
    await ask(place, "/posts", { channel_id: place.room, message: "!go please" });
    await eventually(world, from, ({ type }) => type === "command.invoked");
    const { items } = await world.call("events.list", { from, type: ["command.invoked"] });
    expect(items.map(({ invocation }) => [invocation?.name, invocation?.text])).toEqual([["!go", "!go please"]]);
  });

  test("more outgoing webhooks than a page of the server are all listed", async () => {
    const { world } = await scene();
    for (let n = 0; n < 61; n += 1)
      await world.invoke("mattermost.create-outgoing-webhook", { bot: "helper", room: "eng:ops", words: [`!go${n}`] });
    const { value } = await world.invoke("mattermost.list-outgoing-webhooks", { team: "eng" });
    expect((value as { items: readonly unknown[] }).items).toHaveLength(61);
  });

  test("incoming webhooks are made, used and taken away; ephemeral posts need a permission bots lack", async () => {
    const { place, world } = await scene();
    const { value } = await world.invoke("mattermost.create-incoming-webhook", { room: "eng:ops", title: "in" });
    const { id } = value as { id: string };
    await world.invoke("mattermost.post-incoming-webhook", { webhook: id, text: "by hook", username: "Deployer" });
    expect(messages(place)).toEqual(["by hook"]);
    const nowhere = { webhook: id, text: "x", channel: "no-such-channel" };
    await world.refused("not_found", "mattermost.post-incoming-webhook", nowhere);
    await world.invoke("mattermost.delete-incoming-webhook", { webhook: id });
    const gone = await world.refused("not_found", "mattermost.post-incoming-webhook", { webhook: id, text: "x" });
    expect(gone.message).toMatch(/no such incoming webhook/);
    await world.refused("forbidden", "mattermost.send-ephemeral", {
      room: "eng:ops",
      user: "alice",
      text: "x",
      as: "helper",
    });
  });
});

test("a limiter that is on is obeyed: nothing is refused to the caller, and sockets share the budget", async () => {
  const { place, world } = await scene();
  place.sim.world.config.rate = { perSecond: 20, burst: 5 };
  await Promise.all(Array.from({ length: 12 }, (_, n) => send(world, `n${n}`)));
  expect(messages(place).toSorted()).toEqual(Array.from({ length: 12 }, (_, n) => `n${n}`).toSorted());
});

test("messages are listed with the names of who wrote them", async () => {
  const { place, world } = await scene();
  await send(world, "from the bot");
  const channel = place.sim.world.channels.get(place.room);
  const alice = place.sim.world.users.get(place.alice.id);
  if (!channel || !alice) throw new Error("the place is not whole");
  addPost(place.sim.world, channel, alice, { message: "from a person" });
  const { items } = await world.call("messages.list", { room: "eng:ops", as: "helper" });
  expect(items.map(({ sender, content }) => [sender.name, content.text])).toEqual([
    ["alice", "from a person"],
    ["helper", "from the bot"],
  ]);
});

test("a status has a text beside it, until it is taken away", async () => {
  const { world, self } = await scene();
  const set = (input: object) => world.call("presence.set", { presence: "busy", as: "helper", ...input });
  const shown = () => world.call("presence.get", { user: self });
  expect(await set({ text: "building 41" })).toEqual({ presence: "busy", text: "building 41" });
  expect(await shown()).toEqual({ presence: "busy", text: "building 41" });
  await set({});
  expect(await shown()).toEqual({ presence: "busy", text: "building 41" });
  await set({ text: "" });
  expect(await shown()).toEqual({ presence: "busy", text: null });
});

test("rooms of any script have addresses of their own; names and topics are checked by the server's own rule", async () => {
  const { world } = await scene();
  const first = await world.call("rooms.create", { name: "開発", as: "helper" });
  const second = await world.call("rooms.create", { name: "営業", as: "helper" });
  expect(first.handle).not.toBe(second.handle);
  await world.refused("conflict", "rooms.create", { name: "開発", as: "helper" });
  const long = { name: "x".repeat(65), as: "helper" };
  expect((await world.refused("too_large", "rooms.create", long)).details.issues?.[0]?.path).toBe("name");
  await world.refused("too_large", "rooms.update", { room: first.id, topic: "x".repeat(1025), as: "helper" });
  const direct = { name: "n", kind: "direct", topic: "t", as: "helper" } as const;
  await world.refused("unsupported_param", "rooms.create", direct);
  const space = { name: "Sales", kind: "space", as: "helper" } as const;
  await world.refused("unsupported_param", "rooms.create", { ...space, parent: "eng" });
  expect(await world.call("rooms.create", { ...space, topic: "who sells" })).toMatchObject({
    kind: "space",
    topic: "who sells",
  });
});

test("what the server has switched off is not offered, with the line that switches it on", async () => {
  const { place, world } = await scene();
  place.sim.world.config.off = ["EnableCommands", "EnableIncomingWebhooks", "EnableOutgoingWebhooks"];
  const { checks } = await world.call("connections.probe", {});
  expect(checks.find(({ name }) => name === "slash commands")).toMatchObject({
    state: "info",
    fix: "mmctl config set ServiceSettings.EnableCommands true",
  });
  for (const [operation, setting] of [
    ["mattermost.create-command", "EnableCommands"],
    ["mattermost.post-incoming-webhook", "EnableIncomingWebhooks"],
    ["mattermost.create-outgoing-webhook", "EnableOutgoingWebhooks"],
  ] as const)
    expect(await world.capability(operation)).toMatchObject({
      support: "none",
      remedy: `mmctl config set ServiceSettings.${setting} true`,
    });
  place.sim.world.config.off = [];
  await world.call("connections.probe", {});
  expect((await world.capability("mattermost.create-command")).support).toBe("native");
});

describe("mattermost.request", () => {
  const request = async (world: World, input: object) =>
    (await world.invoke("mattermost.request", { ...input })).value as { status: number; body: Record<string, unknown> };

  test("calls as the bot or with the admin token, and answers refusals as they are", async () => {
    const { world, self, place } = await scene();
    const path = "/api/v4/users/me";
    expect(await request(world, { method: "GET", path, as: "helper" })).toMatchObject({
      status: 200,
      body: { id: self, is_bot: true },
    });
    expect((await request(world, { method: "GET", path })).body).toMatchObject({ username: "ops-admin" });
    const content = { channel_id: place.room, message: "raw" };
    expect((await request(world, { method: "POST", path: "/api/v4/posts", content, as: "helper" })).status).toBe(201);
    expect(await request(world, { method: "GET", path: "/api/v4/nothing/here" })).toMatchObject({
      status: 404,
      body: { id: "api.context.404.app_error" },
    });
    for (const wrong of [
      "/api/v4/../hooks/x",
      "/api/v4/users?page=1",
      "/hooks/x",
      "https://elsewhere.example/api/v4/x",
    ])
      await world.refused("invalid", "mattermost.request", { method: "GET", path: wrong });
  });
});
