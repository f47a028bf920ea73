import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createProgram, freePort, type Program } from "./process.ts";

/** Of the server. */
export const version = "11.1.0";
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
/** Of every person on it. */
export const password = "Live-Test-2026";

/** Where Debian keeps the programs of the newest PostgreSQL. */
function postgres(): string | undefined {
  const base = "/usr/lib/postgresql";
  const newest = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  return newest === undefined ? undefined : join(base, newest, "bin");
}

function go(): string | undefined {
  return ["/usr/local/go/bin/go", "/usr/bin/go"].find((path) => existsSync(path));
}

/** Why no server can be had on this machine; undefined where one can. */
export function missingServer(): string | undefined {
  if (postgres() === undefined) return "PostgreSQL is not installed: apt-get install postgresql";
  if (!existsSync(join(cache, "mattermost")) && go() === undefined) return "Go is not installed (1.24.6 or newer)";
  return undefined;
}

/** A running server with its first administrator. */
export interface Site {
  readonly url: string;
  readonly server: Program;
  readonly token: string;
  ask(method: string, path: string, body?: unknown, token?: string): Promise<Readonly<Record<string, unknown>>>;
}

/** Builds the server once and keeps it outside the checkout. */
export async function build(): Promise<void> {
  if (existsSync(join(cache, "mattermost"))) return;
  const folder = join(cache, "build");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "go.mod"), modules);
  const target = "github.com/mattermost/mattermost/server/v8/cmd/mattermost";
  const args = ["build", "-mod=mod", "-o", join(cache, "mattermost"), target];
  const built = spawnSync(go() ?? "go", args, { cwd: folder, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (built.status !== 0) throw new Error(`go build ended with ${built.status}\n${built.stderr.slice(-2_000)}`);
}

/** Starts a fresh database and server; the token is of the administrator `ops-admin`. */
export async function startServer(directory: string): Promise<Site> {
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
