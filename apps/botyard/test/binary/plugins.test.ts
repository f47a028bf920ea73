import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createFakeRegistry, fakeTarball } from "@botyard/plugins/testing";
import { expect, onTestFinished, test } from "vitest";
import { startPigeon, writePlugin } from "../plugin-maker.ts";
import { createUser, type Ended, type User } from "./binary.ts";

/** A machine with this one binary: no Node, no npm, no Bun, nothing at all on the PATH. */
function bareUser(): {
  user: User;
  run: (line: string, env?: Record<string, string>) => Promise<Ended>;
  env: Record<string, string>;
} {
  const user = createUser();
  onTestFinished(() => rmSync(user.home, { recursive: true, force: true }));
  const path = join(user.home, "empty");
  mkdirSync(path);
  const env: Record<string, string> = { PATH: path, BOTYARD_DATA: join(user.home, "data") };
  return { user, env, run: (line, more = {}) => user.botyard(line.split(" "), { env: { ...env, ...more } }) };
}

async function serve(user: User, env: Record<string, string>): Promise<void> {
  const args = ["serve", "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"];
  const service = user.start(args, { env });
  onTestFinished(async () => {
    service.child.kill("SIGTERM");
    await service.ended;
  });
  await service.printed("reference at");
}

test("a plugin is packed, installed from a registry, used, updated, broken, taken back and removed", async () => {
  const { user, run, env } = bareUser();
  const registry = await createFakeRegistry();
  onTestFinished(() => registry.close());
  env["BOTYARD_NPM_REGISTRY"] = registry.url;
  const pigeon = await startPigeon();
  const must = async (line: string, more?: Record<string, string>): Promise<string> => {
    const { code, stdout, stderr } = await run(line, more);
    expect({ line, code, stderr: code === 0 ? "" : stderr }).toEqual({ line, code: 0, stderr: "" });
    return stdout;
  };
  const publish = async (version: string, edit: Readonly<Record<string, string>> = {}): Promise<void> => {
    const source = writePlugin(user.home, { version, edit });
    const packed = JSON.parse(await must(`plugins pack ${source} --out ${user.home} --json`)) as { file: string };
    registry.publish({ name: "botyard-pigeon", version, tarball: readFileSync(packed.file) });
  };
  const say = async (text: string): Promise<void> => {
    await must(`messages send birds/lobby ${text} --as helper`);
    expect(pigeon.transcript().at(-1)).toBe(text);
  };
  const running = async (): Promise<unknown> =>
    (
      JSON.parse(await must("plugins list --json")) as { items: readonly { version: string; state: string }[] }
    ).items.map(({ version, state }) => `${version} ${state}`);

  await publish("0.1.0");
  await serve(user, env);
  expect(await must("plugins add botyard-pigeon@^0.1 --yes")).toMatch(
    /^pigeon 0\.1\.0 · contract 1 \(this binary: 1\) · .* · separate process\ninstalled {2}pigeon 0\.1\.0 {2}sha512-/,
  );
  await must(`connect pigeon ${pigeon.url} --id birds --admin-key env:PIGEON_KEY -o pollMs=1000`, {
    PIGEON_KEY: pigeon.simulator.adminKey,
  });
  await must("bots create birds/helper");
  await must("rooms add-bot birds/lobby helper");
  await say("one");
  pigeon.say("hello");
  await expect.poll(() => must("events list --bot birds/helper"), { timeout: 30_000 }).toContain("hello");

  // The network goes in the middle of an update; then it is there again.
  await publish("0.1.1", { "the admin key is accepted": "the admin key is still accepted" });
  expect(await must("plugins check pigeon")).toMatch(
    /✓ as they were installed\n.*✓ running\n.*i there is 0\.1\.1\n.*plugins update pigeon\n/,
  );
  registry.cut();
  const cut = await run("plugins update pigeon --yes");
  expect([cut.code, cut.stderr]).toEqual([9, expect.stringMatching(/unreachable {2}.*Nothing was installed/)]);
  expect(await running()).toEqual(["0.1.0 running"]);
  expect(await must("plugins update pigeon --yes")).toContain("updated  pigeon 0.1.0 → 0.1.1");
  expect(await must("connections probe birds")).toContain("still accepted");
  await say("two");

  // A release whose code does not start changes nothing.
  await publish("0.1.2", { "/** Pigeon. */": 'if (!process.argv.includes("pack")) process.exit(3);' });
  const broken = await run("plugins update pigeon --yes");
  expect([broken.code, broken.stderr]).toEqual([9, expect.stringMatching(/^error: plugin_failed /m)]);
  expect(await running()).toEqual(["0.1.1 running"]);
  await say("three");

  // One that starts, and dies at work.
  await publish("0.1.3", {
    "const post = encodePost": 'if (input.text === "boom") process.exit(7);\n    const post = encodePost',
  });
  await must("plugins update pigeon --yes");
  const died = await run("messages send birds/lobby boom --as helper");
  expect([died.code, died.stderr]).toEqual([10, expect.stringContaining("plugin_failed")]);
  await expect
    .poll(async () => (await run("messages send birds/lobby four --as helper")).code, { timeout: 40_000 })
    .toBe(0);

  // Back to what worked.
  const asked = await run("plugins add botyard-pigeon@0.1.1 --yes");
  expect([asked.code, asked.stderr]).toEqual([5, expect.stringContaining("--downgrade")]);
  await must("plugins add botyard-pigeon@0.1.1 --yes --downgrade");
  await say("five");
  const removed = await run("plugins remove pigeon --yes");
  expect([removed.stdout, removed.stderr]).toEqual([
    "removed  pigeon 0.1.1\n",
    expect.stringContaining("kept     birds"),
  ]);
  expect(readdirSync(join(user.home, "data/plugins"))).toEqual([]);
}, 180_000);

test("a release that crashes in a loop is quarantined, others never notice, and going back fills what was missed", async () => {
  const { user, run, env } = bareUser();
  const pigeon = await startPigeon();
  const must = async (line: string, more?: Record<string, string>): Promise<string> => {
    const { code, stdout, stderr } = await run(line, more);
    expect({ line, code, stderr: code === 0 ? "" : stderr }).toEqual({ line, code: 0, stderr: "" });
    return stdout;
  };
  const pack = async (version: string, edit: Readonly<Record<string, string>> = {}): Promise<string> => {
    const source = writePlugin(user.home, { version, edit });
    return (JSON.parse(await must(`plugins pack ${source} --out ${user.home} --json`)) as { file: string }).file;
  };
  const good = await pack("0.1.0");
  const bad = await pack("0.2.0", {
    "const key = await adminKey(state);":
      "setTimeout(() => process.exit(3), 50);\n  const key = await adminKey(state);",
  });
  await serve(user, env);
  await must(`plugins add ${good} --yes`);
  await must(`connect pigeon ${pigeon.url} --id birds --admin-key env:PIGEON_KEY -o pollMs=1000`, {
    PIGEON_KEY: pigeon.simulator.adminKey,
  });
  await must("connect sandbox --id other");
  for (const connection of ["birds", "other"]) {
    await must(`bots create ${connection}/helper`);
    await must(`rooms add-bot ${connection}/lobby helper`);
  }

  await must(`plugins add ${bad} --yes`);
  const state = async (): Promise<unknown> =>
    (JSON.parse(await must("plugins list --json")) as { items: readonly { state: string }[] }).items[0]?.state;
  await expect.poll(state, { timeout: 60_000, interval: 500 }).toBe("quarantined");
  pigeon.say("while nobody listened");
  expect(await must("plugins list")).toMatch(/\npigeon {2}cause: 5 crashes in 60 s, quarantined/);
  expect(await must("status")).toMatch(/birds .*failed[\s\S]*birds {2}cause: plugin_failed: .*quarantined/);
  const checked = await run("plugins check pigeon");
  expect([checked.code, checked.stdout]).toEqual([1, expect.stringContaining("✗ quarantined")]);
  expect(await must("messages send other/lobby hello --as helper")).toContain("sent");

  const back = await must(`plugins add ${good} --yes --downgrade`);
  expect(back).toMatch(
    /updated {2}pigeon 0\.2\.0 → 0\.1\.0[^\n]*its connections run on it: birds\n +gap_\d+ .* filled, /,
  );
  await must("messages send birds/lobby again --as helper");
  await expect
    .poll(() => must("events list --bot birds/helper"), { timeout: 40_000 })
    .toContain("while nobody listened");
}, 180_000);

test("a plugin is begun and its suite run by the binary alone; a fault is named with the line that runs it again", async () => {
  const { user, run } = bareUser();
  const folder = join(user.home, "hawk");
  expect((await run(`plugins new hawk ${folder}`)).stdout).toContain(`made  ${folder}`);
  // As after `npm install`.
  symlinkSync(join(import.meta.dirname, "../../../../examples/platform/node_modules"), join(folder, "node_modules"));
  const good = await run(`plugins check ${folder}`);
  expect([good.code, good.stdout]).toEqual([
    0,
    expect.stringMatching(/declared 13 operations: .* · passed \d{2,}, failed 0/),
  ]);
  const file = join(folder, "src/operations/messages.ts");
  writeFileSync(file, readFileSync(file, "utf8").replace("input.room, post", '"elsewhere", post'));
  const bad = await run(`plugins check ${folder} --only messages.send`);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(
    /\nFAIL {2}hawk, in process › messages › messages\.send .*\n.*\n {6}again {2}.* --only 'messages\.send /,
  );
}, 180_000);

test("tarballs that mean harm, and a registry that lies, are refused by the binary as by its source", async () => {
  const { user, run, env } = bareUser();
  const registry = await createFakeRegistry();
  onTestFinished(() => registry.close());
  env["BOTYARD_NPM_REGISTRY"] = registry.url;
  const refused = async (name: string, bytes: Uint8Array): Promise<string> => {
    const file = join(user.home, `${name}.tgz`);
    writeFileSync(file, bytes);
    const { code, stderr } = await run(`plugins add ${file} --yes`);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refused("traversal", await fakeTarball({ more: { "../../evil.js": "x" } }))).toContain(
    "leaves the package",
  );
  const bomb = await fakeTarball({ more: { "zero.js": "\0".repeat(20_000_000) } });
  expect(await refused("bomb", bomb)).toContain("unpacks to more than 16 MB");
  expect(await refused("no-tarball", gzipSync("hello"))).toContain("damaged");
  const tarball = await fakeTarball();
  registry.publish({ name: "botyard-parrot", version: "1.0.0", tarball, integrity: `sha512-${"A".repeat(86)}==` });
  const lied = await run("plugins add botyard-parrot --yes");
  expect([lied.code, lied.stderr]).toEqual([2, expect.stringContaining("is not what the registry's sha512 says")]);
  expect(existsSync(join(user.home, "data/plugins"))).toBe(false);
  expect(existsSync(join(user.home, "data/plugins.lock.json"))).toBe(false);
}, 120_000);

test("BUN_OPTIONS of the one who starts it reaches neither the bundler nor the plugin's process", async () => {
  const { user, run, env } = bareUser();
  const [marker, evil] = [join(user.home, "ran"), join(user.home, "evil.cjs")];
  appendFileSync(marker, "");
  const note = `(process.env.BOTYARD_ROLE ?? "") + (process.env.BUN_BE_BUN ?? "") + " " + process.argv.slice(2).join(" ")`;
  writeFileSync(evil, `require("node:fs").appendFileSync(${JSON.stringify(marker)}, ${note} + "\\n");`);
  const hostile = { BUN_OPTIONS: `--preload ${evil}` };
  const source = writePlugin(user.home, { version: "0.1.0" });
  const packed = await run(`plugins pack ${source} --out ${user.home} --json`, hostile);
  expect({ code: packed.code, stderr: packed.stderr }).toEqual({ code: 0, stderr: "" });
  const { file } = JSON.parse(packed.stdout) as { file: string };
  expect((await run(`plugins add ${file} --yes`, { ...env, ...hostile })).code).toBe(0);
  // The binary itself obeys it, as every program of Bun does: only what it starts is ours to keep clean.
  for (const line of readFileSync(marker, "utf8").trim().split("\n")) expect(line).toMatch(/^ ?plugins (?:pack|add) /);
}, 120_000);
