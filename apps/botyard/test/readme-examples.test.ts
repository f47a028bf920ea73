import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Json, startDemo, until } from "./http-call.ts";
import { createMachine } from "./program.ts";

/** The bots of `examples/`, each against a demo: whoever is spoken to answers, once. */

const examples = join(import.meta.dirname, "../../../examples");
const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
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
] as const;

describe("examples", () => {
  for (const { name, call, needs } of bots)
    it.skipIf(needs !== "")(`${name} answers who speaks to it${needs}`, async () => {
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
});
