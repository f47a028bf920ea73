import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBinary } from "./binary.ts";
import { createBotyard, type Botyard } from "./botyard.ts";
import { behindOurBack, delays, everyday, interactions } from "./mattermost-acts.ts";
import { build, missingServer, password, startServer, version, type Site } from "./mattermost-server.ts";
import { freePort } from "./process.ts";
import { readLog, type LogEvent } from "./readers.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { until } from "./steps.ts";

const limit = { limitMs: 30_000 };

/**
 * The compiled binary against a Mattermost built from its Go module (about four minutes, once; kept outside the
 * checkout) with Debian's PostgreSQL. Nothing of the server is shipped: it is AGPL-3.0.
 */
export const mattermost: Scenario = {
  name: "mattermost",
  title: `the compiled binary and Mattermost ${version}, built from its Go module, with Debian's PostgreSQL`,
  missing: missingServer,
  run,
};

interface Seen extends LogEvent {
  readonly addressed?: readonly string[];
  readonly bots?: readonly string[];
}

async function run({ steps, directory }: Stage): Promise<void> {
  const { step } = steps;
  await step("Mattermost is built", build, { limitMs: 1_800_000 });
  const binary = await step("the binary is compiled", findBinary, { limitMs: 300_000 });
  const site = await step("PostgreSQL and Mattermost start", () => startServer(directory), { limitMs: 180_000 });
  steps.onFailure(async () => site.server.tail());
  const hooksPort = await freePort();
  const publicUrl = `http://127.0.0.1:${hooksPort}`;
  const botyard = createBotyard({ binary, directory, hooksPort, port: await freePort(), publicUrl });
  steps.onFailure(async () => botyard.tail());
  const secret = join(directory, "token");
  writeFileSync(secret, site.token, { mode: 0o600 });
  await step("botyard serve starts", () => botyard.start());
  await step("botyard connect says that bot creation is off; the step is done and seen", async () => {
    await botyard.cli("connect", "mattermost", site.url, "--id", "chat", "--admin-token", `file:${secret}`);
    botyard.use((await botyard.json<{ secret: string }>("keys", "create", "live", "--preset", "admin")).secret);
    const { items } = await botyard.ask<{ items: readonly { id: string; title: string }[] }>("GET", "/steps");
    const found = items.find(({ title }) => title === "Switch bot creation on");
    if (!found) throw new Error("no step about bot creation");
    await site.ask("PUT", "/config/patch", { ServiceSettings: { EnableBotAccountCreation: true } });
    await botyard.ask("POST", `/steps/${found.id}/verify`);
  });
  const alice = await step("people, a team and a channel", () => people(site));
  await step("a bot is made and brought into the channel", async () => {
    await botyard.cli("bots", "create", "chat/helper", "--display-name", "Helper");
    await botyard.cli("rooms", "add-bot", "chat/eng:ops", "helper");
    await ready(botyard);
  });
  await step("it is mentioned, and answers", async () => {
    await site.ask("POST", "/posts", { channel_id: alice.channel, message: "@helper ping" }, alice.token);
    const event = await seen(botyard, (one) => one.content?.text === "@helper ping");
    if (!event.addressed?.includes("helper")) throw new Error("the event is not addressed to the bot");
    await botyard.ask("POST", `/events/${event.id}/reply`, { body: { text: "pong", as: "helper" } });
    await seen(botyard, (one) => one.own && one.content?.text === "pong");
  });
  await step("a slash command becomes an event and is answered later", () => command(botyard, site, alice));
  await step("its token is rotated: the old one is gone, and no event is missing", async () => {
    await botyard.cli("credentials", "rotate", "chat/helper", "--yes");
    await said(botyard, site, alice, "after the rotation");
  });
  await step("the server is restarted in the middle; what was said meanwhile is in the log once", async () => {
    await site.server.kill();
    await site.server.start();
    await site.ask("POST", "/posts", { channel_id: alice.channel, message: "while away" }, alice.token);
    await seen(botyard, (one) => one.content?.text === "while away");
    const all = (await readLog(botyard)).filter(({ content }) => content?.text === "while away");
    if (all.length !== 1) throw new Error(`it is in the log ${all.length} times`);
  });
  await step("a disabled bot hears nothing; enabled, it hears again with the same token", async () => {
    await botyard.cli("bots", "disable", "chat/helper");
    await botyard.cli("bots", "enable", "chat/helper");
    await ready(botyard);
    await said(botyard, site, alice, "enabled again");
  });
  await step("a person becomes a bot, is never its own owner, and can be disabled", async () => {
    const { id } = await site.ask("POST", "/users", { email: "conv@example.test", username: "conv", password });
    await botyard.ask("POST", `/connections/chat/users/${String(id)}/convert-to-bot`, { body: { handle: "conv" } });
    const bot = await botyard.ask<{ owner: string }>("GET", "/connections/chat/bots/conv");
    if (bot.owner === id) throw new Error("the bot owns itself");
    await botyard.cli("bots", "disable", "chat/conv");
  });
  const cast = { steps, botyard, site, directory, alice };
  await everyday(cast);
  await interactions(cast);
  await behindOurBack(cast);
  await delays(cast);
  await step("it stops when asked", async () => {
    const { code, signal } = await botyard.stop(15_000);
    if (code !== 0) throw new Error(`botyard serve ended with ${code ?? signal} after SIGTERM`);
  });
}

interface Alice {
  readonly id: string;
  readonly token: string;
  readonly channel: string;
  readonly team: string;
}

async function people(site: Site): Promise<Alice> {
  const alice = await site.ask("POST", "/users", { email: "alice@example.test", username: "alice", password });
  const { session } = await site.ask("POST", "/users/login", { login_id: "alice", password });
  const { id: team } = await site.ask("POST", "/teams", { name: "eng", display_name: "Engineering", type: "O" });
  const wish = { team_id: team, name: "ops", display_name: "Ops", type: "O" };
  const { id: channel } = await site.ask("POST", "/channels", wish);
  await site.ask("POST", `/teams/${String(team)}/members`, { team_id: team, user_id: alice["id"] });
  await site.ask("POST", `/channels/${String(channel)}/members`, { user_id: alice["id"] });
  return { id: String(alice["id"]), token: String(session), channel: String(channel), team: String(team) };
}

async function command(botyard: Botyard, site: Site, alice: Alice): Promise<void> {
  const made = "/connections/chat/mattermost/commands";
  await botyard.ask("POST", made, { body: { bot: "helper", team: "eng", trigger: "deploy" } });
  const line = { channel_id: alice.channel, command: "/deploy prod" };
  await site.ask("POST", "/commands/execute", line, alice.token);
  const event = (await seen(botyard, ({ type }) => type === "command.invoked")) as Seen & {
    readonly invocation?: { readonly id: string; readonly text?: string };
  };
  if (event.invocation?.text !== "prod") throw new Error("the command's text is missing");
  const body = { invocation: event.invocation.id, text: "deployed", type: "in_channel" };
  await botyard.ask("POST", "/connections/chat/mattermost/respond", { body });
  await seen(botyard, (one) => one.content?.text === "deployed");
}

async function said(botyard: Botyard, site: Site, alice: Alice, message: string): Promise<void> {
  await site.ask("POST", "/posts", { channel_id: alice.channel, message }, alice.token);
  await seen(botyard, (one) => one.content?.text === message);
}

async function ready(botyard: Botyard): Promise<void> {
  await until(
    "the bot's socket",
    async () => {
      const bot = await botyard.ask<{ state: string; reason?: string }>("GET", "/connections/chat/bots/helper");
      if (bot.state !== "ready") throw new Error(`the bot is ${bot.state}: ${bot.reason ?? "no reason given"}`);
      return true as const;
    },
    limit,
  );
}

async function seen(botyard: Botyard, fits: (event: Seen) => boolean): Promise<Seen> {
  return until("the event", async () => ((await readLog(botyard)) as readonly Seen[]).find(fits), limit);
}
