import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Forged, forge, packPlugin, startPigeon } from "./plugin-maker.ts";
import { createMachine, type Machine, type Running } from "./program.ts";

// Each starts the program many times, on machines that have other work too.
vi.setConfig({ testTimeout: 90_000 });

/** Packed once: what differs between them is what a release differs in. */
const made = mkdtempSync(join(tmpdir(), "botyard-made-"));
const tarballs = { first: "", second: "", crashing: "" };
afterAll(() => rmSync(made, { recursive: true, force: true }));
beforeAll(async () => {
  tarballs.first = await packPlugin(made, { version: "0.1.0" });
  tarballs.second = await packPlugin(made, {
    version: "0.2.0",
    botyard: { origins: ["https://files.example.org"] },
    edit: { "the admin key is accepted": "the admin key is still accepted" },
  });
  tarballs.crashing = await packPlugin(made, {
    version: "0.3.0",
    edit: { "/** Pigeon. */": 'if (process.env["PIGEON"] !== "1" && !process.argv.includes("pack")) process.exit(3);' },
  });
}, 120_000);

async function serve(machine: Machine, env: Record<string, string> = {}): Promise<{ url: string; service: Running }> {
  const service = machine.start(["serve", "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"], { env });
  const [, url = ""] = await service.until(/(http:\/\/127\.0\.0\.1:\d+) · reference/);
  return { url, service };
}

async function must(machine: Machine, line: string, env: Record<string, string> = {}): Promise<string> {
  const { code, out, err } = await machine.run(line.split(" "), { env });
  expect({ line, code, err: code === 0 ? "" : err }).toEqual({ line, code: 0, err: "" });
  return out;
}

interface Listed {
  readonly items: readonly { id: string; version: string; state: string; connections: string[]; reason?: string }[];
}
const listed = async (machine: Machine): Promise<Listed["items"]> =>
  (JSON.parse(await must(machine, "plugins list --json")) as Listed).items;

/** A connection of the plugin with a bot in its room. */
async function settle(machine: Machine, pigeon: Awaited<ReturnType<typeof startPigeon>>): Promise<void> {
  await must(machine, `connect pigeon ${pigeon.url} --id birds --admin-key env:PIGEON_KEY -o pollMs=1000`, {
    PIGEON_KEY: pigeon.simulator.adminKey,
  });
  await must(machine, "bots create birds/helper");
  await must(machine, "rooms add-bot birds/lobby helper");
}

test("a plugin is installed, used, updated, broken, taken back and removed while the service runs", async () => {
  const machine = createMachine();
  const pigeon = await startPigeon();
  await serve(machine);
  const say = async (text: string): Promise<void> => {
    await must(machine, `messages send birds/lobby ${text} --as helper`);
    expect(pigeon.transcript().at(-1)).toBe(text);
  };

  // Nobody is there to say yes: what it asks for is shown, and nothing changes.
  const asked = await machine.run(["plugins", "add", tarballs.first]);
  expect(asked.code).toBe(2);
  expect(asked.out).toBe(
    "pigeon 0.1.0 · contract 1 (this binary: 1) · reaches the connection's own URL only · secrets: its own · hooks: none · separate process\n",
  );
  expect(asked.err).toContain("Install? Nobody is here to ask; nothing was changed");
  expect(await listed(machine)).toEqual([]);
  expect(existsSync(join(machine.data, "plugins.lock.json"))).toBe(false);

  const added = await must(machine, `plugins add ${tarballs.first} --yes`);
  expect(added.split("\n")[1]).toMatch(
    /^installed {2}pigeon 0\.1\.0 {2}sha512-[\w+/]{8}… in plugins\.lock\.json, loaded without a restart; no connection was touched$/,
  );
  await settle(machine, pigeon);
  await say("one");
  pigeon.say("hello");
  await expect.poll(() => must(machine, "events list --bot birds/helper"), { timeout: 30_000 }).toContain("hello");

  const updated = await must(machine, `plugins add ${tarballs.second} --yes`);
  expect(updated).toContain("pigeon 0.1.0 → 0.2.0 · contract 1");
  expect(updated).toContain("\n  + reaches https://files.example.org\n");
  expect(updated).toContain("loaded without a restart; its connections run on it: birds\n");
  expect(await must(machine, "connections probe birds")).toContain("still accepted");
  await say("two");

  // A release that breaks: its code does not start. What ran goes on running.
  const broken = await machine.run(["plugins", "add", tarballs.crashing, "--yes"]);
  expect(broken.code).toBe(9);
  expect(broken.err).toMatch(/^error: plugin_failed {2}/);
  expect(await listed(machine)).toMatchObject([{ version: "0.2.0", state: "running", connections: ["birds"] }]);
  await say("three");

  // Back to the older one: asked for, and never by --yes alone.
  const refused = await machine.run(["plugins", "add", tarballs.first, "--yes"]);
  expect(refused.code).toBe(5);
  expect(refused.err).toContain("pigeon 0.2.0 is installed, and 0.1.0 is older. Nothing was changed");
  expect(refused.err).toContain("--downgrade");
  expect(await must(machine, `plugins add ${tarballs.first} --yes --downgrade`)).toContain("0.2.0 → 0.1.0");
  await say("four");
  expect(await must(machine, `plugins add ${tarballs.first} --yes`)).toContain("unchanged  pigeon 0.1.0");

  const removed = await machine.run(["plugins", "remove", "pigeon", "--yes"]);
  expect(removed).toMatchObject({ code: 0, out: "removed  pigeon 0.1.0\n" });
  expect(removed.err).toContain("kept     birds: waits for the plugin");
  const away = await machine.run(["messages", "send", "birds/lobby", "five", "--as", "helper"]);
  expect([away.code, away.err]).toEqual([6, expect.stringContaining("unsupported")]);
  expect(existsSync(join(machine.data, "plugins/pigeon"))).toBe(false);
  // Who looks a week later reads why, and what to do.
  expect(await must(machine, "status")).toContain('cause: there is no platform "pigeon": its plugin is not installed');
  expect((await machine.run(["doctor", "birds"])).out).toMatch(
    /connection {2}FAIL {2}birds closed .*its plugin is not installed[\s\S]*\nfix {4}.*plugins add <npm name, folder or tarball>\n/,
  );

  // Its data waited: with the plugin there again everything goes on.
  await must(machine, `plugins add ${tarballs.second} --yes`);
  await say("six");
  await must(machine, "plugins remove pigeon --yes --delete-data");
  expect(JSON.parse(await must(machine, "connections list --json"))).toMatchObject({ items: [] });
});

test("without a service it is written to the data directory, and the next start loads it", async () => {
  const machine = createMachine();
  const pigeon = await startPigeon();
  const added = await machine.run(["plugins", "add", tarballs.first, "--yes"]);
  expect(added.code).toBe(0);
  expect(added.out).toContain("loaded when a service starts");
  expect(added.err).toContain("no service is running");
  expect(await must(machine, "plugins check pigeon")).toContain("✓ as they were installed");
  await settle(machine, pigeon);
  await must(machine, "messages send birds/lobby one --as helper");
  expect(pigeon.transcript()).toEqual(["one"]);

  await serve(machine);
  expect(await listed(machine)).toMatchObject([{ id: "pigeon", version: "0.1.0", connections: ["birds"] }]);
  await must(machine, "messages send birds/lobby two --as helper");
  expect(pigeon.transcript()).toEqual(["one", "two"]);
});

test("a data directory that was moved without its plugins gets exactly them again, or nothing", async () => {
  const machine = createMachine();
  const source = join(machine.folder, "pigeon.tgz");
  writeFileSync(source, readFileSync(tarballs.first));
  await must(machine, `plugins add ${source} --yes`);
  const lock = readFileSync(join(machine.data, "plugins.lock.json"), "utf8");
  rmSync(join(machine.data, "plugins"), { recursive: true });
  await serve(machine);
  expect(await listed(machine)).toMatchObject([{ id: "pigeon", state: "failed", reason: "its files are gone" }]);
  const checked = await machine.run(["plugins", "check", "pigeon"]);
  expect([checked.code, checked.out]).toEqual([1, expect.stringContaining("plugins add --frozen")]);

  writeFileSync(source, readFileSync(tarballs.second));
  const other = await machine.run(["plugins", "add", "--frozen"]);
  expect([other.code, other.err]).toEqual([5, expect.stringContaining("is not the pigeon 0.1.0")]);
  const changes = await machine.run(["plugins", "add", source, "--frozen", "--yes"]);
  expect([changes.code, changes.err]).toEqual([5, expect.stringContaining("--frozen was asked for")]);

  writeFileSync(source, readFileSync(tarballs.first));
  expect(await must(machine, "plugins add --frozen")).toBe("restored  pigeon 0.1.0\n");
  expect(readFileSync(join(machine.data, "plugins.lock.json"), "utf8")).toBe(lock);
  expect(await listed(machine)).toMatchObject([{ id: "pigeon", state: "running" }]);
});

const native = {
  name: "pigeon.coo",
  summary: "Coo",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/pigeon/coo",
  fields: [],
  output: { kind: "json", schema: {} },
};
const lies: Readonly<Record<string, (json: Forged) => void>> = {
  "an id that is not the code's": ({ botyard }) => {
    for (const part of [botyard, botyard.description]) Object.assign(part, { id: "dove", namespace: "dove" });
  },
  "an operation the code has not": ({ botyard }) => void botyard.description.native.push(native),
  "a capability the code has not": ({ botyard }) =>
    void (botyard.description.capabilities["messages.delete"] = { support: "native", actsAs: "bot" }),
  "a capability it keeps quiet": ({ botyard }) => void delete botyard.description.capabilities["members.list"],
  "a credential it keeps quiet": ({ botyard }) => void delete botyard.description.credentials["bot-key"],
  "a contract that is not the code's": ({ botyard }) => {
    botyard.contract = "1 || 2";
    botyard.description.contract = 2;
  },
};

test("a manifest that lies is refused, whatever it lies about, and what ran runs on", async () => {
  const machine = createMachine();
  await must(machine, `plugins add ${tarballs.first} --yes`);
  const before = readFileSync(join(machine.data, "plugins.lock.json"), "utf8");
  for (const [about, lie] of Object.entries(lies)) {
    const { code, err } = await machine.run(["plugins", "add", await forge(tarballs.second, lie), "--yes"]);
    expect([about, code, err]).toEqual([
      about,
      2,
      expect.stringMatching(/^error: invalid {2}.* does not fit its code/m),
    ]);
  }
  expect(readFileSync(join(machine.data, "plugins.lock.json"), "utf8")).toBe(before);
  const left = readdirSync(join(machine.data, "plugins"), { recursive: true, encoding: "utf8" });
  expect(left.filter((path) => path.endsWith(".js"))).toHaveLength(1);
  expect(await listed(machine)).toMatchObject([{ id: "pigeon", version: "0.1.0" }]);
});

test("a plugin for a later contract, and one that is called as a platform of ours, are refused before anything", async () => {
  const machine = createMachine();
  const later = await forge(tarballs.first, (json) => (json.botyard.contract = "2"));
  const said = await machine.run(["plugins", "add", later, "--yes"]);
  expect(said.code).toBe(6);
  expect(said.err).toContain("is made for contract 2, this Botyard has contract 1: update Botyard");
  const named = await packPlugin(made, { version: "1.0.0", id: "stoat" });
  const taken = await machine.run(["plugins", "add", named, "--yes"]);
  expect([taken.code, taken.err]).toEqual([5, expect.stringContaining('"stoat": that is a platform of this binary')]);
  expect(existsSync(join(machine.data, "plugins"))).toBe(false);
});

test("a lock file that cannot be read stops nobody: the service runs without plugins and says why", async () => {
  const machine = createMachine();
  await must(machine, `plugins add ${tarballs.first} --yes`);
  writeFileSync(join(machine.data, "plugins.lock.json"), "{");
  const { service } = await serve(machine);
  expect(service.err()).toMatch(/^! plugins {2}.*plugins\.lock\.json is damaged/m);
  await must(machine, "connect sandbox --id chat");
  const { code, err } = await machine.run(["plugins", "list"]);
  expect([code, err]).toEqual([2, expect.stringContaining("is damaged, or of a later Botyard")]);
  expect(readFileSync(join(machine.data, "plugins.lock.json"), "utf8")).toBe("{");
});

test("over HTTP: a dry run, then exactly that; and only for keys that may do everything", async () => {
  const machine = createMachine();
  const { url } = await serve(machine);
  const call = async (key: string, body: object): Promise<[number, Record<string, unknown>]> => {
    const response = await fetch(`${url}/v1/plugins`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return [response.status, (await response.json()) as Record<string, unknown>];
  };
  const admin = readFileSync(join(machine.data, "admin.key"), "utf8").trim();
  const made = JSON.parse(await must(machine, "keys create ops --preset operator --json")) as { secret: string };
  const free = JSON.parse(await must(machine, "keys create free --allow plugins.* --json")) as { secret: string };
  const source = join(machine.folder, "pigeon.tgz");
  writeFileSync(source, readFileSync(tarballs.first));

  for (const key of [made.secret, free.secret]) {
    expect(await call(key, { source, dryRun: true })).toMatchObject([403, { code: "forbidden", effect: "none" }]);
  }
  const [status, plan] = await call(admin, { source, dryRun: true });
  expect([status, plan]).toMatchObject([200, { state: "planned", id: "pigeon", version: "0.1.0", from: null }]);
  expect(await listed(machine)).toEqual([]);

  // It is another one by the time it is installed.
  writeFileSync(source, readFileSync(tarballs.second));
  const { integrity } = plan;
  expect(await call(admin, { source, integrity })).toMatchObject([409, { code: "conflict", effect: "none" }]);
  writeFileSync(source, readFileSync(tarballs.first));
  expect(await call(admin, { source, integrity })).toMatchObject([201, { state: "installed" }]);
  expect(await call(admin, { source: "./pigeon.tgz" })).toMatchObject([400, { code: "invalid" }]);
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(document.paths)).toContain("/v1/plugins/{plugin}");
});

test("a command on another machine knows the plugins of the service it is sent to", async () => {
  const machine = createMachine();
  const pigeon = await startPigeon();
  const { url } = await serve(machine);
  const key = readFileSync(join(machine.data, "admin.key"), "utf8").trim();
  const elsewhere = createMachine();
  const env = { BOTYARD_URL: url, BOTYARD_KEY: key, PIGEON_KEY: pigeon.simulator.adminKey };
  const connect = `connect pigeon ${pigeon.url} --id birds --admin-key env:PIGEON_KEY -o pollMs=1000`.split(" ");
  const before = await elsewhere.run(connect.slice(0, 3), { env });
  expect([before.code, before.err]).toEqual([2, expect.stringContaining('there is no platform "pigeon"')]);
  expect(before.err).toContain("plugins add <npm name");
  await must(elsewhere, `plugins add ${tarballs.first} --yes`, env);
  await must(elsewhere, connect.join(" "), env);
  expect(await listed(machine)).toMatchObject([{ id: "pigeon", connections: ["birds"] }]);
  expect(existsSync(elsewhere.data)).toBe(false);
});

test("what BUN_OPTIONS says reaches no plugin", async () => {
  const machine = createMachine();
  const marker = join(machine.folder, "ran");
  const evil = join(machine.folder, "evil.cjs");
  writeFileSync(
    evil,
    `require("node:fs").appendFileSync(${JSON.stringify(marker)}, (process.env.BOTYARD_ROLE ?? process.argv[2] ?? "?") + "\\n");`,
  );
  const env = { BUN_OPTIONS: `--preload ${evil}`, NODE_OPTIONS: `--require ${evil}` };
  await must(machine, `plugins add ${tarballs.first} --yes`, env);
  const ran = existsSync(marker) ? readFileSync(marker, "utf8") : "";
  expect(ran).not.toContain("plugin\n");
});
