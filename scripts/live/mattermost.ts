import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findBinary } from "./binary.ts";
import { createBotyard, type Botyard } from "./botyard.ts";
import { createProgram, freePort, type Program } from "./process.ts";
import { readLog, type LogEvent } from "./readers.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { until } from "./steps.ts";

const limit = { limitMs: 30_000 };
const version = "11.1.0";
/** The server's Go module has pseudo-versions only; public is tagged. */
const modules = `module botyard.test/mattermost

go 1.24.6

require (
	github.com/mattermost/mattermost/server/public v0.1.21
	github.com/mattermost/mattermost/server/v8 v8.0.0-20251014075701-833e0125320d
)

replace github.com/olekukonko/tablewriter => github.com/olekukonko/tablewriter v0.0.5
`;
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "botyard", `mattermost-${version}`);
const password = "Live-Test-2026";

/** Where Debian keeps the programs of the newest PostgreSQL. */
function postgres(): string | undefined {
  const base = "/usr/lib/postgresql";
  const newest = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  return newest === undefined ? undefined : join(base, newest, "bin");
}

function go(): string | undefined {
  return ["/usr/local/go/bin/go", "/usr/bin/go"].find((path) => existsSync(path));
}

/**
 * The compiled binary against a Mattermost built from its Go module (about four minutes, once; kept outside the
 * checkout) with Debian's PostgreSQL. Nothing of the server is shipped: it is AGPL-3.0.
 */
export const mattermost: Scenario = {
  name: "mattermost",
  title: `the compiled binary and Mattermost ${version}, built from its Go module, with Debian's PostgreSQL`,
  missing() {
    if (postgres() === undefined) return "PostgreSQL is not installed: apt-get install postgresql";
    if (!existsSync(join(cache, "mattermost")) && go() === undefined) return "Go is not installed (1.24.6 or newer)";
    return undefined;
  },
  run,
};

interface Seen extends LogEvent {
  readonly addressed?: readonly string[];
  readonly bots?: readonly string[];
}

interface Site {
  readonly url: string;
  readonly server: Program;
  readonly token: string;
  ask(method: string, path: string, body?: unknown, token?: string): Promise<Readonly<Record<string, unknown>>>;
}

async function run({ steps, directory }: Stage): Promise<void> {
  const { step } = steps;
  await step("Mattermost is built", build, { limitMs: 1_800_000 });
  const binary = await step("the binary is compiled", findBinary, { limitMs: 300_000 });
  const site = await step("PostgreSQL and Mattermost start", () => start(directory), { limitMs: 180_000 });
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
  await step("it stops when asked", async () => {
    const { code, signal } = await botyard.stop(15_000);
    if (code !== 0) throw new Error(`botyard serve ended with ${code ?? signal} after SIGTERM`);
  });
}

async function build(): Promise<void> {
  if (existsSync(join(cache, "mattermost"))) return;
  const folder = join(cache, "build");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "go.mod"), modules);
  const target = "github.com/mattermost/mattermost/server/v8/cmd/mattermost";
  const args = ["build", "-mod=mod", "-o", join(cache, "mattermost"), target];
  const built = spawnSync(go() ?? "go", args, { cwd: folder, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (built.status !== 0) throw new Error(`go build ended with ${built.status}\n${built.stderr.slice(-2_000)}`);
}

async function start(directory: string): Promise<Site> {
  const [databasePort, port] = [await freePort(), await freePort()];
  await database(directory, databasePort);
  const url = `http://127.0.0.1:${port}`;
  const home = join(directory, "mattermost");
  for (const folder of ["client", "data", "logs"]) mkdirSync(join(home, folder), { recursive: true });
  writeFileSync(join(home, "client", "root.html"), "<html></html>");
  const server = createProgram({
    name: "mattermost",
    command: join(cache, "mattermost"),
    args: ["server"],
    cwd: home,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      MM_CONFIG: join(home, "config.json"),
      MM_SQLSETTINGS_DRIVERNAME: "postgres",
      MM_SQLSETTINGS_DATASOURCE: `postgres://mm@127.0.0.1:${databasePort}/mm?sslmode=disable`,
      MM_SERVICESETTINGS_SITEURL: url,
      MM_SERVICESETTINGS_LISTENADDRESS: `127.0.0.1:${port}`,
      MM_SERVICESETTINGS_ALLOWEDUNTRUSTEDINTERNALCONNECTIONS: "127.0.0.1 localhost",
      MM_SERVICESETTINGS_ENABLESECURITYFIXALERT: "false",
      MM_TEAMSETTINGS_ENABLEOPENSERVER: "true",
      MM_FILESETTINGS_DIRECTORY: join(home, "data"),
      MM_PLUGINSETTINGS_ENABLE: "false",
      MM_LOGSETTINGS_ENABLEDIAGNOSTICS: "false",
      MM_LOGSETTINGS_ENABLESENTRY: "false",
      MM_LOGSETTINGS_FILELOCATION: join(home, "logs"),
      MM_ANNOUNCEMENTSETTINGS_ADMINNOTICESENABLED: "false",
      MM_ANNOUNCEMENTSETTINGS_USERNOTICESENABLED: "false",
      MM_EMAILSETTINGS_SENDEMAILNOTIFICATIONS: "false",
    },
    log: join(directory, "mattermost.log"),
    ready: async () => (await fetch(`${url}/api/v4/system/ping`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyWithinMs: 90_000,
  });
  await server.start();
  let token = "";
  const ask: Site["ask"] = async (method, path, body, as = token) => {
    const response = await fetch(`${url}/api/v4${path}`, {
      method,
      headers: as === "" ? {} : { authorization: `Bearer ${as}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status} ${text.slice(0, 300)}`);
    const session = response.headers.get("token");
    return { ...(JSON.parse(text) as Readonly<Record<string, unknown>>), ...(session ? { session } : {}) };
  };
  // The first account of an empty server is its administrator.
  const admin = await ask("POST", "/users", { email: "ops@example.test", username: "ops-admin", password });
  token = String((await ask("POST", "/users/login", { login_id: "ops-admin", password }))["session"]);
  await ask("PUT", "/config/patch", { ServiceSettings: { EnableUserAccessTokens: true } });
  token = String((await ask("POST", `/users/${String(admin["id"])}/tokens`, { description: "Botyard" }))["token"]);
  return { url, server, token, ask };
}

/** A database of this run alone. PostgreSQL refuses to run as root: then its own user runs it. */
async function database(directory: string, port: number): Promise<void> {
  const programs = postgres() ?? "";
  const data = join(directory, "postgres");
  mkdirSync(data);
  const root = process.getuid?.() === 0;
  const line = (program: string, ...args: string[]): readonly [string, string[]] =>
    // setpriv becomes the program itself: what is killed is the database, not a parent of it.
    root
      ? ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", join(programs, program), ...args]]
      : [join(programs, program), args];
  const once = (program: string, ...args: string[]): void => {
    const [command, all] = line(program, ...args);
    const done = spawnSync(command, all, { cwd: "/", encoding: "utf8" });
    if (done.status !== 0) throw new Error(`${program} ended with ${done.status}\n${done.stderr}`);
  };
  if (root) {
    spawnSync("chmod", ["711", directory]);
    spawnSync("chown", ["postgres", data]);
  }
  once("initdb", "-D", data, "-U", "mm", "-A", "trust", "-E", "UTF8");
  const [command, args] = line("postgres", "-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", data);
  const program = createProgram({
    name: "postgres",
    command,
    args,
    cwd: "/",
    env: { PATH: process.env["PATH"] ?? "" },
    log: join(directory, "postgres.log"),
    ready: async () => {
      const [check, all] = line("pg_isready", "-h", "127.0.0.1", "-p", String(port));
      return spawnSync(check, all, { cwd: "/" }).status === 0;
    },
    readyWithinMs: 30_000,
  });
  await program.start();
  once("createdb", "-h", "127.0.0.1", "-p", String(port), "-U", "mm", "mm");
}

interface Alice {
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
  return { token: String(session), channel: String(channel), team: String(team) };
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
