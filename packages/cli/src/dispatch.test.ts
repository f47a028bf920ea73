import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sandbox from "@botyard/sandbox";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createCli } from "./cli.ts";
import { createFakeIo, type FakeIo } from "./fake-io.ts";
import type { CliOptions } from "./types.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "botyard-cli-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const options: CliOptions = {
  platforms: { sandbox: async () => sandbox },
  version: "1.2.3",
  self: "botyard",
  startService: () => Promise.reject(new Error("no service in this test")),
};

async function run(
  argv: readonly string[],
  given: Parameters<typeof createFakeIo>[0] = {},
  more: Partial<CliOptions> = {},
): Promise<Ran> {
  const io: FakeIo = createFakeIo({
    ...given,
    env: { BOTYARD_DATA: join(folder, "data"), HOME: folder, ...given.env },
  });
  const code = await createCli({ ...options, ...more, io }).run(argv);
  return { code, ...io.output };
}

it("shows its version without anything set up", async () => {
  expect(await run(["--version"])).toEqual({ code: 0, out: "botyard 1.2.3\n", err: "" });
  expect((await run(["version", "--json"])).out).toContain('"version": "1.2.3"');
});

it("explains itself: everything, a noun, a command, and help as a word", async () => {
  const all = await run([]);
  expect(all.code).toBe(0);
  for (const word of ["START", "serve", "bots", "sandbox", "--json"]) expect(all.out).toContain(word);
  expect((await run(["rooms"])).out).toMatch(/add-bot\s+Bring a bot into a room/);
  const one = await run(["bots", "create", "--help"]);
  expect(one.out).toMatch(/^botyard bots create <\[connection\/\]handle> \[flags\]/);
  expect(one.out).toMatch(/--display-name <text>/);
  expect(one.out).toContain("botyard bots create helper");
  expect((await run(["help", "bots", "create"])).out).toBe(one.out);
});

it.each([
  [["bost", "list"], /there is no command "bost"\n {2}fix {2}did you mean botyard bots\?/],
  [["bots", "lits"], /bots has no "lits".*\n {2}fix {2}did you mean botyard bots list\?/],
  [["bots", "list", "--limt", "5"], /no flag --limt\n {2}fix {2}did you mean --limit\?/],
  [["--jsno"], /no flag --jsno/],
  [["bots", "create"], /botyard bots create: <handle> is missing/],
])("refuses %j with exit code 2", async (argv, text) => {
  const { code, out, err } = await run(argv);
  expect(code).toBe(2);
  expect(out).toBe("");
  expect(err).toMatch(text);
});

it("makes no data directory unless asked, and says how to begin", async () => {
  const { code, err } = await run(["bots", "list"]);
  expect(code).toBe(4);
  expect(err).toMatch(/^error: not_found {2}nothing has been set up/);
  expect(err).toMatch(/fix {6}botyard connect/);
  expect(await readdir(folder)).toEqual([]);
});

it("works on the data directory itself, says so, and prints for people", async () => {
  const connected = await run(["connect", "sandbox", "--id", "chat"]);
  expect(connected).toMatchObject({ code: 0, out: expect.stringMatching(/✓ .*ready · saved as chat/) as string });
  expect(connected.err).toMatch(/no service is running: working on .* in this process, receiving nothing/);
  const made = await run(["bots", "create", "helper", "--display-name", "Helper", "-q"]);
  expect(made).toEqual({ code: 0, out: "", err: "" });
  expect((await run(["bots", "create", "other"])).out).toMatch(
    /^created {2}chat\/other {2}id \S+ .*credential sealed\n/,
  );
  expect((await run(["rooms", "add-bot", "chat/lobby", "helper"])).out).toMatch(/^joined/);
  expect((await run(["messages", "send", "lobby", "-", "--as", "helper"], { stdin: "hello" })).out).toMatch(
    /^sent {2}op_\w+ {2}message/,
  );
  expect((await run(["status"])).out).toMatch(/no service running[^]*chat\s+sandbox/);
  expect((await run(["whoami"])).out).toMatch(/^local {2}/);
});

it("prints the API's own body with --json, and one problem on standard error", async () => {
  await run(["connect", "sandbox"]);
  const list = await run(["connections", "list", "--json"]);
  expect(JSON.parse(list.out)).toMatchObject({ items: [{ id: "sandbox", platform: "sandbox" }] });
  expect(list.err).toBe("");
  const missing = await run(["--json", "bots", "get", "nobody"]);
  expect(missing).toMatchObject({ code: 4, out: "" });
  expect(JSON.parse(missing.err)).toMatchObject({ code: "not_found", status: 404, effect: "none" });
});

it("names the flag a field's issue is about", async () => {
  await run(["connect", "sandbox"]);
  const { code, err } = await run(["bots", "list", "--limit", "0"]);
  expect(code).toBe(2);
  expect(err).toMatch(/\n {2}--limit +expects/);
});

it("asks before it destroys, and needs --yes where nobody can answer", async () => {
  await run(["connect", "sandbox"]);
  await run(["bots", "create", "helper"]);
  const unasked = await run(["bots", "delete", "helper"]);
  expect(unasked).toMatchObject({
    code: 2,
    err: expect.stringMatching(/fix {2}botyard bots delete helper --yes/) as string,
  });
  const declined = await run(["bots", "delete", "helper"], { interactive: true, answers: ["n"] });
  expect(declined).toMatchObject({ code: 130, err: expect.stringMatching(/\[y\/N\].*error: cancelled/s) as string });
  expect((await run(["bots", "list"])).out).toMatch(/helper/);
  expect(await run(["bots", "delete", "helper"], { interactive: true, answers: ["y"] })).toMatchObject({
    code: 0,
    out: "deleted  sandbox/helper\n",
  });
  expect((await run(["bots", "list"])).out).not.toMatch(/helper/);
});

it("says what the server does about it before it asks, as far as somebody is there to read it", async () => {
  await run(["connect", "sandbox", "-o", "profiles=operator-install"]);
  const argv = ["users", "convert-to-bot", "alice", "alice"];
  const { err } = await run(argv, { interactive: true, answers: ["n"] });
  expect(err).toMatch(/ {2}i Installed bots are no accounts here\.\nusers convert-to-bot .*\[y\/N\]/s);
  expect((await run([...argv, "--yes"], { interactive: true })).err).not.toContain("  i ");
});

it("prints a new key as a line to paste", async () => {
  await run(["connect", "sandbox"]);
  await run(["bots", "create", "helper"]);
  const { out, err } = await run(["keys", "create", "pybot", "--preset", "bot", "--bot", "sandbox/helper", "-q"]);
  expect(out).toMatch(/^export BOTYARD_KEY=by_\w+ {6}# shown once; bot sandbox\/helper, all its rooms, no expiry\n$/);
  expect(err).toBe("");
});

it("refuses a configuration with a typo, and says what was meant", async () => {
  const config = join(folder, "botyard.yaml");
  await writeFile(config, "lisen: 127.0.0.1:1\n");
  const { code, err } = await run(["status", "--config", config]);
  expect(code).toBe(2);
  expect(err).toMatch(/did you mean listen\?/);
});

it("finds out the call of a connection with a platform that is not there", async () => {
  const { code, err } = await run(["connect", "sandbxo"]);
  expect(code).toBe(2);
  expect(err).toMatch(/there is no platform "sandbxo"[^]*did you mean botyard connect sandbox\?/);
});

it("lists rooms by what is typed for them, parents too", async () => {
  await run(["connect", "sandbox"]);
  const { out } = await run(["rooms", "list"]);
  expect(out).toMatch(/^ROOM +KIND +NAME +PARENT +ID +BOTS$/m);
  expect(out).toMatch(/^eng:ops +channel +Ops +eng +r_eng_ops +-$/m);
});

it("leaves no event behind where no service runs, and shows the status in both ways alike", async () => {
  await run(["connect", "sandbox"]);
  await run(["bots", "create", "helper"]);
  const events = await run(["events", "tail"]);
  expect(events.out).toMatch(/^\d\d:\d\d:\d\d {2}bot\.created {2}sandbox {2}helper\n$/);
  const plain = (text: string): string => text.replaceAll(/\d+ (?:s|ms|kB|MB)/g, "n");
  const [short, long] = [await run(["status"]), await run(["service", "status"])];
  expect(plain(long.out)).toBe(plain(short.out));
  expect(short.out).toMatch(/^botyard 1\.2\.3 · no service running/);
});
