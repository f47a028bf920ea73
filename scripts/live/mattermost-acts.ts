import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Botyard } from "./botyard.ts";
import type { Site } from "./mattermost-server.ts";
import { readLog, type LogEvent } from "./readers.ts";
import { pause, until, type Steps } from "./steps.ts";

const limit = { limitMs: 30_000 };

/** What people and the server do meanwhile. */
export interface Cast {
  readonly steps: Steps;
  readonly botyard: Botyard;
  readonly site: Site;
  /** Of this run alone. */
  readonly directory: string;
  /** A person in the channel `eng:ops`, where the bot `chat/helper` is too. */
  readonly alice: { readonly id: string; readonly token: string; readonly channel: string };
}

type Json = Readonly<Record<string, unknown>>;

const room = "/connections/chat/rooms/eng%3Aops";
/** One red pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);

/** Checks that `what` is so; throws with both where it is not. */
function same(what: string, is: unknown, wanted: unknown): void {
  const [left, right] = [JSON.stringify(is), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what} is ${left}, not ${right}`);
}

/** What a bot does all day, one check each. */
export async function everyday({ steps, botyard, site, directory, alice }: Cast): Promise<void> {
  const as = { as: "helper" };
  const send = (body: object) =>
    botyard.ask<{ message: string }>("POST", `${room}/messages`, { body: { ...as, ...body } });
  await steps.check(
    "a message in a thread is changed, marked, pinned, read back with its sender, and deleted",
    async () => {
      const root = await send({ text: "the root" });
      const { message } = await send({ text: "an answer", thread: root.message });
      const path = `${room}/messages/${message}`;
      await botyard.ask("PATCH", path, { body: { ...as, text: "a better answer" } });
      await botyard.ask("PUT", `${path}/reactions/${encodeURIComponent("👀")}`, { body: as });
      await botyard.ask("PUT", `${room}/pins/${message}`, { body: as });
      const found = await botyard.ask<{ content: Json; sender: Json; thread: string }>("GET", `${path}?as=helper`);
      same("the text", found.content["text"], "a better answer");
      same("the sender", found.sender["name"], "helper");
      same("the thread", found.thread, root.message);
      const marks = await botyard.ask<{ items: readonly Json[] }>("GET", `${path}/reactions?as=helper`);
      same("the reaction", marks.items[0]?.["emoji"], "👀");
      const pins = await botyard.ask<{ items: readonly Json[] }>("GET", `${room}/pins?as=helper`);
      same("the pin", pins.items[0]?.["id"], message);
      const mentions = [{ kind: "user", id: alice.id, offset: 0, length: 5 }];
      const named = await send({ text: "Alice, look", mentions });
      const shown = await botyard.ask<{ content: Json }>("GET", `${room}/messages/${named.message}?as=helper`);
      same("the mention", shown.content["text"], "@alice, look");
      await botyard.ask("DELETE", `${path}?as=helper`);
      same("what is left", (await botyard.call("GET", `${path}?as=helper`)).status, 404);
    },
  );
  await steps.check("a file goes up, is attached once, and comes down again", async () => {
    const file = join(directory, "report.txt");
    writeFileSync(file, "all is well");
    const where = ["--connection", "chat", "--room", "eng:ops", "--as", "helper"];
    const given = ["--file", file, "--name", "report.txt"];
    const up = await botyard.json<{ id: string }>("files", "upload", ...where, ...given);
    await send({ text: "the report", files: [up] });
    const again = await botyard.call("POST", `${room}/messages`, {
      body: { ...as, text: "x", files: [up] },
    });
    if (again.status < 400) throw new Error("a used file was taken again");
    const down = join(directory, "down.txt");
    await botyard.cli("files", "download", up.id, "--file", down, "--as", "helper", "--connection", "chat");
  });
  await steps.check("typing, a direct message, a status with a text", async () => {
    await botyard.ask("PUT", `${room}/typing`, { body: as });
    const { id } = await botyard.ask<{ id: string }>("PUT", `/connections/chat/direct/${alice.id}`, { body: as });
    await botyard.ask("POST", `/connections/chat/rooms/${id}/messages`, { body: { ...as, text: "in private" } });
    await botyard.ask("PUT", "/connections/chat/presence", { body: { ...as, presence: "busy", text: "building 41" } });
    const { nativeId } = await botyard.ask<{ nativeId: string }>("GET", "/connections/chat/bots/helper");
    const shown = await botyard.ask("GET", `/connections/chat/users/${nativeId}/presence`);
    same("the presence", shown, { presence: "busy", text: "building 41" });
    await botyard.ask("PUT", "/connections/chat/presence", { body: { ...as, presence: "online", text: "" } });
  });
  await steps.check("a profile image stands in for the icon, and any call of the API can be made", async () => {
    const file = join(directory, "icon.png");
    writeFileSync(file, png);
    await botyard.cli("bots", "set-icon", "chat/helper", "--file", file);
    await botyard.cli("bots", "get-icon", "chat/helper", "--file", join(directory, "icon-down.png"));
    await botyard.cli("bots", "delete-icon", "chat/helper", "--yes");
    const raw = { method: "GET", path: "/api/v4/users/me", as: "helper" };
    const { status } = await botyard.ask<{ status: number }>("POST", "/connections/chat/mattermost/request", {
      body: raw,
    });
    same("its status", status, 200);
    const tokens = "/connections/chat/mattermost/bots/helper/tokens";
    const { items } = await botyard.ask<{ items: readonly Json[] }>("GET", tokens);
    same(
      "the tokens of the bot",
      items.map(({ ours }) => ours),
      [true],
    );
    if (typeof items[0]?.["lastUsedAt"] !== "string") throw new Error("its last use is not known");
  });
  await steps.check("names that are taken or wrong, owners that are not there", async () => {
    const make = (body: object) => botyard.call("POST", "/connections/chat/bots", { body });
    same("a taken name", (await make({ handle: "twice", username: "alice" })).status, 409);
    same("a wrong name", (await make({ handle: "wrong", username: "ends." })).status, 400);
    const room = (body: object) =>
      botyard.call("POST", "/connections/chat/rooms", { body: { as: "helper", parent: "eng", ...body } });
    same("the longest name", (await room({ name: "n".repeat(64), topic: "t".repeat(1024) })).status, 201);
    same("a name in other letters", (await room({ name: "開発" })).status, 201);
    same("another", (await room({ name: "営業" })).status, 201);
    same("a name that is too long", (await room({ name: "n".repeat(65) })).status, 413);
    // Where the server's own limits are is what we check before asking it.
    const { id: eng } = await site.ask("GET", "/teams/name/eng");
    const long = { team_id: eng, type: "O", name: "long" };
    for (const wish of [{ display_name: "n".repeat(65) }, { display_name: "n", header: "t".repeat(1025) }])
      await site.ask("POST", "/channels", { ...long, ...wish }).then(
        () => same("the server's answer to it", "taken", "refused"),
        () => {},
      );
    const nobody = { body: { owner: "nobody-at-all" } };
    same("no owner", (await botyard.call("POST", "/connections/chat/bots/helper/assign", nobody)).status, 404);
  });
  await steps.check("a deactivated owner takes a bot along; said with its cause, and mended", async () => {
    const owner = await site.ask("POST", "/users", {
      email: "own@example.test",
      username: "own",
      password: "Own-Test-2026",
    });
    await botyard.cli("bots", "create", "chat/owned", "-o", "owner=own");
    await site.ask("PUT", `/users/${String(owner["id"])}/active`, { active: false });
    await botyard.ask("POST", "/connections/chat/probe", { body: {} });
    const { reason } = await botyard.ask<{ reason?: string }>("GET", "/connections/chat/bots/owned");
    if (!reason?.includes("owner")) throw new Error(`the reason is ${reason}`);
    await botyard.cli("bots", "assign", "chat/owned", "ops-admin");
    await botyard.cli("bots", "enable", "chat/owned");
    writeFileSync(join(directory, "password"), "Person-2026", { mode: 0o600 });
    await botyard.cli(
      "bots",
      "convert-to-user",
      "chat/owned",
      "--password",
      `file:${join(directory, "password")}`,
      "--yes",
    );
    await site.ask("POST", "/users/login", { login_id: "owned", password: "Person-2026" });
  });
}

interface Invoked extends LogEvent {
  readonly invocation?: {
    readonly name: string;
    readonly kind: string;
    readonly trigger?: string;
    readonly payload?: Json;
  };
}

/** Buttons, dialogs and webhooks: the server calls us. */
export async function interactions({ steps, botyard, site, alice }: Cast): Promise<void> {
  const invoked = (kind: string): Promise<Invoked> =>
    until(
      "the event",
      async () =>
        (await readLog(botyard)).find((event: Invoked) => event.invocation?.kind === kind) as Invoked | undefined,
      limit,
    );
  await steps.check("a button is pressed, a dialog is opened by its trigger and submitted", async () => {
    const actions = [{ id: "go", name: "Go", type: "button", context: { build: 41 } }];
    const body = { as: "helper", text: "ready?", options: { attachments: [{ text: "deploy", actions }] } };
    const { message } = await botyard.ask<{ message: string }>("POST", `${room}/messages`, { body });
    await site.ask("POST", `/posts/${message}/actions/go`, {}, alice.token);
    const { invocation } = await invoked("button");
    same("the context", invocation?.payload?.["build"], 41);
    const dialog = { callback_id: "why", title: "Why", elements: [{ display_name: "Why", name: "why", type: "text" }] };
    const wish = { body: { bot: "helper", trigger: invocation?.trigger, dialog } };
    await botyard.ask("POST", "/connections/chat/mattermost/open-dialog", wish);
  });
  await steps.check("a trigger word calls a bot; an incoming webhook posts", async () => {
    const wish = { body: { bot: "helper", room: "eng:ops", words: ["!go"] } };
    await botyard.ask("POST", "/connections/chat/mattermost/outgoing-webhooks", wish);
    await site.ask("POST", "/posts", { channel_id: alice.channel, message: "!go please" }, alice.token);
    await until(
      "the event",
      async () => (await readLog(botyard)).find((event: Invoked) => event.invocation?.name === "!go"),
      limit,
    );
    const made = { body: { room: "eng:ops", title: "in" } };
    const hooks = "/connections/chat/mattermost/incoming-webhooks";
    const { id } = await botyard.ask<{ id: string }>("POST", hooks, made);
    await botyard.ask("POST", `${hooks}/${id}/posts`, { body: { text: "by hook" } });
    await until("it", async () => (await readLog(botyard)).find(({ content }) => content?.text === "by hook"), limit);
    await botyard.ask("DELETE", `${hooks}/${id}`);
  });
}

interface Token {
  readonly of: string | null;
  readonly nativeId: string | null;
}

/** Tokens that are switched off behind Botyard's back. */
export async function behindOurBack({ steps, botyard, site, alice }: Cast): Promise<void> {
  const say = (message: string) => site.ask("POST", "/posts", { channel_id: alice.channel, message }, alice.token);
  const heard = (text: string): Promise<LogEvent> =>
    until("the event", async () => (await readLog(botyard)).find(({ content }) => content?.text === text), limit);
  const tokenId = async (): Promise<string> => {
    const { items } = await botyard.ask<{ items: readonly Token[] }>("GET", "/connections/chat/credentials");
    return items.find(({ of }) => of === "helper")?.nativeId ?? "";
  };
  const switchToken = (verb: string, id: string) => site.ask("POST", `/users/tokens/${verb}`, { token_id: id });
  await steps.check("a socket that was deaf between two pings is resumed by the server, and not believed", async () => {
    const id = await tokenId();
    await switchToken("disable", id);
    await say("said to deaf ears");
    await switchToken("enable", id);
    await botyard.kill();
    await botyard.start();
    const event = await heard("said to deaf ears");
    if (!event.backfilled) throw new Error("it did not come from history");
  });
  await steps.check("an ordinary cut is resumed, with the proof of the same session", async () => {
    await say("before the cut");
    await heard("before the cut");
    await botyard.kill();
    await say("during the cut");
    await botyard.start();
    const event = await heard("during the cut");
    if (event.backfilled) throw new Error("it came from history");
  });
  await steps.check("a revoked token is a state of this bot, with its cause; a new one mends it", async () => {
    await switchToken("revoke", await tokenId());
    const refused = await botyard.call("POST", `${room}/messages`, { body: { as: "helper", text: "x" } });
    same("the answer", refused.status, 401);
    const state = () => botyard.ask<{ state: string }>("GET", "/connections/chat/bots/helper");
    same("the state", (await state()).state, "auth_required");
    await botyard.cli("credentials", "issue", "chat/helper");
    await say("with a new token");
    await heard("with a new token");
    same("the state", (await state()).state, "ready");
  });
}

/** How much later than a bare WebSocket client a program hears a message, over the real server and the real binary. */
export async function delays({ steps, botyard, site, alice }: Cast): Promise<void> {
  await steps.check("post to event at a consumer, against a bare WebSocket client", async () => {
    const bare = new Map<string, number>();
    const socket = new WebSocket(`${site.url.replace("http", "ws")}/api/v4/websocket`);
    await new Promise<void>((resolve) => {
      socket.addEventListener("open", () =>
        socket.send(JSON.stringify({ seq: 1, action: "authentication_challenge", data: { token: alice.token } })),
      );
      socket.addEventListener("message", ({ data }) => {
        const frame = JSON.parse(String(data)) as { event?: string; data?: { post?: string } };
        if (frame.event === "hello") resolve();
        if (frame.event !== "posted") return;
        const { message } = JSON.parse(frame.data?.post ?? "{}") as { message: string };
        bare.set(message, performance.now());
      });
    });
    await botyard.ask("PUT", "/consumers/delays", { body: { start: "now" } });
    const seen = new Map<string, number>();
    let over = false;
    const reading = (async () => {
      while (!over) {
        const page = await botyard.ask<{ items: readonly LogEvent[]; cursor: string }>(
          "GET",
          "/consumers/delays/events?waitMs=1000",
        );
        const at = performance.now();
        for (const { content } of page.items) if (content) seen.set(content.text, at);
        if (page.items.length > 0)
          await botyard.ask("POST", "/consumers/delays/ack", { body: { cursor: page.cursor } });
      }
    })();
    const texts = Array.from({ length: 300 }, (_, n) => `delay ${n}`);
    for (const message of texts) {
      await site.ask("POST", "/posts", { channel_id: alice.channel, message }, alice.token);
      await pause(40);
    }
    await until("the last one", () => (seen.has("delay 299") ? true : undefined), limit);
    over = true;
    await reading;
    socket.close();
    // The first ones find cold code on both sides.
    const added = texts.slice(20).map((text) => (seen.get(text) ?? Number.NaN) - (bare.get(text) ?? Number.NaN));
    const sorted = added.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2);
    steps.note(`added by Botyard: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, over ${sorted.length} messages at about 20/s`);
    if (sorted.some(Number.isNaN)) throw new Error("a message did not come");
  });
}
