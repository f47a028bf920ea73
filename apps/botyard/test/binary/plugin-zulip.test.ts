import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PluginIdentity } from "@botyard/core";
import { testPlatform, type InstalledForTest } from "@botyard/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import platform from "zulip";
import { zulipPlace } from "zulip/place";
import { binary, createUser, type RunOptions } from "./binary.ts";

// A plugin of somebody who has the packed SDK and nothing else of ours, in the compiled binary, with nothing on the PATH.

const root = join(import.meta.dirname, "../../../..");
const made = mkdtempSync(join(tmpdir(), "botyard-zulip-"));
const user = createUser();
const data = join(user.home, "data");
const alone: RunOptions = { env: { PATH: "", BOTYARD_DATA: data } };
const children: { kill(signal: "SIGKILL"): unknown }[] = [];
const zulip = { url: "", adminKey: "", person: "", room: "" };
let tarball = "";
let url = "";

interface Manifest {
  readonly version: string;
  readonly botyard: PluginIdentity & { readonly entry: string };
}

async function must(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await user.botyard(args, { env: { ...alone.env, ...env } });
  expect({ args, code, error: code === 0 ? "" : stderr }).toEqual({ args, code: 0, error: "" });
  return stdout;
}

async function control(order: object): Promise<unknown> {
  const response = await fetch(`${zulip.url}/control`, { method: "POST", body: JSON.stringify(order) });
  return response.json();
}

async function serve(): Promise<string> {
  const service = user.start(["serve", "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"], alone);
  children.push(service.child);
  return /http:\/\/127\.0\.0\.1:\d+/.exec(await service.printed("reference"))?.[0] ?? "";
}

beforeAll(async () => {
  const bun = join(root, "node_modules/.bin/bun");
  const stranger = spawnSync(bun, [join(root, "scripts/stranger.ts"), "zulip", made], { encoding: "utf8" });
  expect(stranger.stderr).toContain("install the plugin from the tarballs");
  const folder = JSON.parse(stranger.stdout) as string;
  const packed = await must(["plugins", "pack", folder, "--out", made, "--json"]);
  tarball = (JSON.parse(packed) as { readonly file: string }).file;
  const simulator = spawn(bun, [join(folder, "src/simulator/serve.ts")], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(simulator);
  for await (const line of simulator.stdout) {
    Object.assign(zulip, JSON.parse(String(line)));
    break;
  }
}, 300_000);
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of [made, user.home]) rmSync(folder, { recursive: true, force: true });
});

test("it is installed into a running service, connected, and driven from the command line", async () => {
  expect(tarball).toBe(join(made, "zulip-0.1.0.tgz"));
  url = await serve();
  expect(await must(["plugins", "add", tarball, "--yes"])).toMatch(
    /^zulip 0\.1\.0 · contract 1 \(this binary: 1\) · reaches the connection's own URL only · secrets: its own · hooks: none · separate process\ninstalled {2}zulip 0\.1\.0 {2}sha512-\S+ in plugins\.lock\.json, loaded without a restart; no connection was touched\n$/,
  );
  const connected = await must(["connect", "zulip", zulip.url, "--id", "chat", "--admin-key", "env:KEY"], {
    KEY: zulip.adminKey,
  });
  expect(connected).toContain("Example 11.0 · ready · saved as chat");
  await must(["bots", "create", "chat/helper"]);
  expect(await must(["rooms", "add-bot", "chat/general>lobby", "helper"])).toContain("subscribed to general");
  expect(await must(["messages", "send", "chat/general>lobby", "from a terminal", "--as", "helper"])).toMatch(
    /^sent {2}op_/,
  );
  expect(await control({ do: "transcript" })).toEqual({ texts: ["first", "from a terminal"] });
  expect(await must(["zulip", "list-topics", "chat/general"])).toContain("lobby");
  expect(await must(["plugins", "list"])).toMatch(/zulip +0\.1\.0 +running/);
});

test("it is driven over HTTP: sends, events, its own operations, its place in the documents", async () => {
  const { secret } = JSON.parse(await must(["keys", "create", "driver", "--preset", "admin", "--json"])) as {
    readonly secret: string;
  };
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  const call = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
    const response = await fetch(`${url}/v1${path}`, init);
    expect({ path, status: response.status }).toEqual({ path, status: expect.toSatisfy((code: number) => code < 300) });
    return (await response.json()) as Record<string, unknown>;
  };
  await call("PUT", "/consumers/tests", { bot: "chat/helper", type: ["message.created"] });
  const room = encodeURIComponent("general>lobby");
  const sent = await call("POST", `/connections/chat/rooms/${room}/messages`, { text: "over HTTP", as: "helper" });
  expect(sent).toMatchObject({ status: "sent", connection: "chat", room: zulip.room });
  const { message } = (await control({ do: "say", text: "@**helper** hello" })) as { readonly message: string };
  const { items } = (await call("GET", "/consumers/tests/events?waitMs=10000")) as {
    readonly items: readonly Record<string, unknown>[];
  };
  expect(items).toMatchObject([
    { type: "message.created", addressed: ["helper"], message: { id: message }, room: { id: zulip.room }, own: false },
  ]);
  const topics = await call("GET", "/connections/chat/zulip/topics?room=general");
  expect(topics).toMatchObject({ items: [{ name: "lobby", room: zulip.room }] });
  const documents = await (await fetch(`${url}/openapi.json`, { headers })).text();
  expect(documents).toContain("zulip.list-topics");
});

test("an expired event queue is a gap that is filled; nothing is lost, nothing comes twice", async () => {
  await control({ do: "expire" });
  for (const text of ["while away 1", "while away 2"]) await control({ do: "say", text });
  await expect
    .poll(async () => JSON.parse(await must(["gaps", "list", "--json"])) as object, { timeout: 20_000 })
    .toMatchObject({ items: [{ connection: "chat", state: "filled", messages: 2 }] });
  const events = await must(["events", "list", "--bot", "chat/helper", "--from", "oldest", "--json"]);
  const { items } = JSON.parse(events) as { readonly items: readonly { content?: { text: string } }[] };
  const texts = items.flatMap(({ content }) => (content?.text.startsWith("while away") ? [content.text] : []));
  expect(texts).toEqual(["while away 1", "while away 2"]);
});

test("a file that only the plugin can read says how to connect", async () => {
  const [email = "", key = ""] = zulip.adminKey.split(":");
  const file = join(user.home, "zuliprc");
  writeFileSync(file, `[api]\nemail=${email}\nkey=${key}\nsite=${zulip.url}\n`);
  expect(await must(["connect", "zulip", "--id", "again", "--zuliprc", file])).toContain("ready · saved as again");
  const { code, stderr } = await user.botyard(["connect", "zulip", "--id", "third", "--zuliprc", "/dev/null"], alone);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("error: invalid") as string });
});

/** What the installer left on disk. */
function installed(): InstalledForTest {
  const lock = JSON.parse(readFileSync(join(data, "plugins.lock.json"), "utf8")) as {
    readonly plugins: { readonly zulip: { folder: string; integrity: string; source: string; trusted: boolean } };
  };
  const { folder: below, integrity, source, trusted } = lock.plugins.zulip;
  const folder = join(data, "plugins", below);
  const { version, botyard } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const entryFile = join(folder, botyard.entry);
  const plugin = { manifest: botyard, version, folder, entryFile, trusted, source, integrity };
  return { plugin, self: { execPath: binary, args: [] } };
}

// The whole contract, through a child process of the compiled binary that runs what was installed.
testPlatform("zulip", { platform, connect: zulipPlace, installed });
