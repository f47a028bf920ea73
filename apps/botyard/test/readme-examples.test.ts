import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type Caller, type Json, startDemo, until } from "./http-call.ts";
import { createMachine } from "./program.ts";

// The first build of a Go program compiles its standard library.
vi.setConfig({ testTimeout: 180_000 });

/** The bots of `examples/`, each against a demo: whoever is spoken to answers, once. */

const examples = join(import.meta.dirname, "../../../examples");
const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const built = mkdtempSync(join(tmpdir(), "botyard-examples-"));
afterAll(() => rmSync(built, { recursive: true, force: true }));
const self = process.versions["deno"] ? [process.execPath, "run", "-A"] : [process.execPath];

const bots = [
  {
    name: "pybot",
    call: ["python3", join(examples, "echo-python/bot.py")],
    needs: has("python3", "-c", "import requests") ? "" : " (needs python3 with requests)",
  },
  {
    name: "shbot",
    call: ["sh", join(examples, "echo-curl/bot.sh")],
    needs: has("sh", "-c", "curl --help all | grep -q -- --json && jq --version") ? "" : " (needs curl 7.82 and jq)",
  },
  { name: "tsbot", call: [...self, join(examples, "echo-typescript/bot.ts")], needs: "" },
  {
    name: "gobot",
    // Built, not `go run`: that would leave the program behind when it is ended.
    call: [join(built, "echo-go")],
    needs: has("go", "version") ? "" : " (needs go)",
    prepare: () => spawnSync("go", ["build", "-o", join(built, "echo-go"), "."], { cwd: join(examples, "echo-go") }),
  },
] as const;

describe("examples", () => {
  for (const { name, call, needs, ...one } of bots)
    it.skipIf(needs !== "")(`${name} answers who speaks to it${needs}`, async () => {
      const made = "prepare" in one ? one.prepare() : null;
      expect(made?.status ?? 0, String(made?.stderr ?? "")).toBe(0);
      const machine = createMachine();
      const admin = await startDemo(machine);
      const { secret } = await admin.must(201, "POST", "/v1/keys", { name, preset: "bot", bot: ["chat/helper"] });
      const [command = "", ...args] = call;
      const env = { BOTYARD_URL: admin.url, BOTYARD_KEY: String(secret), TMPDIR: machine.folder };
      const bot = machine.spawn(command, args, { env });
      const say = (text: string) =>
        admin.must(200, "POST", "/v1/connections/chat/sandbox/say", { room: "lobby", text });
      const room = async (): Promise<unknown[]> => {
        const shown = await admin.must(200, "GET", "/v1/connections/chat/sandbox/transcript?room=lobby");
        return (shown["items"] as Json[]).map(({ text }) => text);
      };
      const consumers = async (): Promise<readonly Json[]> =>
        (await admin.must(200, "GET", "/v1/consumers"))["items"] as Json[];
      await until(consumers, ([consumer]) => consumer?.["name"] === name);
      await say("nobody in particular");
      await say('@helper is "this" 100 % fine?\n$(second line)');
      await say("@helper and this?");
      await until(room, (texts) => texts.length >= 5);
      // Behind it everything before is handled, and acknowledged.
      await say("that was all");
      await until(consumers, ([consumer]) => consumer?.["waiting"] === 0);
      expect(await room()).toEqual(
        expect.arrayContaining([
          "nobody in particular",
          'you said: @helper is "this" 100 % fine?\n$(second line)',
          "you said: @helper and this?",
        ]),
      );
      expect(await room()).toHaveLength(6);
      await admin.demo.end();
      expect((await bot.ended).out).toBe("");
    });

  it("the relay carries what people write, there and back, and nothing a second time", async () => {
    const machine = createMachine();
    const admin = await startDemo(machine);
    await admin.must(201, "POST", "/v1/connections", { id: "cloud", platform: "sandbox" });
    await admin.must(201, "POST", "/v1/connections/cloud/bots", { handle: "helper" });
    await admin.must(200, "PUT", "/v1/connections/cloud/rooms/lobby/bots/helper", {});
    const { secret } = await admin.must(201, "POST", "/v1/keys", {
      name: "relay",
      allow: ["consumers.*", "messages.send"],
      bot: ["chat/helper", "cloud/helper"],
    });
    const [command, ...args] = [...self, join(examples, "relay/relay.ts")];
    const places = ["chat/lobby", "helper", "cloud/lobby", "helper"];
    const env = { BOTYARD_URL: admin.url, BOTYARD_KEY: String(secret) };
    const start = () => machine.spawn(command, [...args, ...places], { env });
    const first = start();
    await until(
      () => waiting(admin),
      (all) => all.length === 2,
    );
    await say(admin, "chat", "hello over there");
    await until(
      () => room(admin, "cloud"),
      (texts) => texts.length === 1,
    );
    await say(admin, "cloud", "hello back");
    // Neither what a bot of ours says nor what carries the mark of a relay is a person's.
    await admin.must(201, "POST", "/v1/connections/chat/rooms/lobby/messages", { text: "by a bot", as: "helper" });
    await say(admin, "chat", "\u2063<carol> carried here by another relay");
    await say(admin, "chat", "one more");
    await until(
      () => room(admin, "cloud"),
      (texts) => texts.length >= 3,
    );
    // Killed and started again: nothing twice, nothing lost.
    await first.end("SIGKILL");
    await say(admin, "cloud", "said meanwhile");
    const second = start();
    await until(
      () => room(admin, "chat"),
      (texts) => texts.includes("\u2063<alice> said meanwhile"),
    );
    await until(
      () => waiting(admin),
      (all) => all.every((count) => count === 0),
    );
    expect((await room(admin, "cloud")).toSorted()).toEqual(
      ["\u2063<alice> hello over there", "\u2063<alice> one more", "hello back", "said meanwhile"].toSorted(),
    );
    expect((await room(admin, "chat")).toSorted()).toEqual(
      [
        "\u2063<alice> hello back",
        "\u2063<alice> said meanwhile",
        "\u2063<carol> carried here by another relay",
        "by a bot",
        "hello over there",
        "one more",
      ].toSorted(),
    );
    await second.end("SIGKILL");
    expect((await second.ended).err).toBe("");
  });
});

const say = (admin: Caller, connection: string, text: string): Promise<Json> =>
  admin.must(200, "POST", `/v1/connections/${connection}/sandbox/say`, { room: "lobby", text });

async function room(admin: Caller, connection: string): Promise<readonly string[]> {
  const shown = await admin.must(200, "GET", `/v1/connections/${connection}/sandbox/transcript?room=lobby`);
  return (shown["items"] as Json[]).map(({ text }) => String(text));
}

async function waiting(admin: Caller): Promise<readonly unknown[]> {
  const { items } = await admin.must(200, "GET", "/v1/consumers");
  return (items as Json[]).map((consumer) => consumer["waiting"]);
}
