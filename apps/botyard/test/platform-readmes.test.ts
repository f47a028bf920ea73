import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { startMattermost } from "./mattermost-server.ts";
import { createMachine, type Machine, type Ran } from "./program.ts";
import { startStoat } from "./stoat-server.ts";
import { startTalk } from "./talk-server.ts";

// Many programs are started one after the other: on a machine with other work that takes its time.
vi.setConfig({ testTimeout: 150_000 });

/** The lines a newcomer copies out of a platform's README, up to its answering bot; what stands behind them is said. */
function linesOf(platform: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, `../../../plugins/${platform}/README.md`), "utf8");
  const [, section = ""] = /\n## From [^\n]*\n([^]*?)\n## /.exec(text) ?? [];
  return [...section.matchAll(/^botyard (.*)$/gm)].map(([, line = ""]) => line.split(/\s{3,}/)[0] ?? "");
}

const words = (line: string): string[] =>
  line.match(/'[^']*'|"[^"]*"|\S+/g)?.map((word) => word.replaceAll(/["']/g, "")) ?? [];

interface Walk {
  readonly machine: Machine;
  run(line: string, more?: Parameters<Machine["run"]>[1]): Promise<Ran>;
  /** Runs a line that must work. */
  must(line: string, more?: Parameters<Machine["run"]>[1]): Promise<string>;
}

async function started(): Promise<Walk> {
  const machine = createMachine();
  const service = machine.start(["serve", "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"]);
  await service.until(/reference/);
  const run: Walk["run"] = (line, more) => machine.run(words(line), more);
  return {
    machine,
    run,
    async must(line, more) {
      const { code, out, err } = await run(line, more);
      expect(code, `botyard ${line}: ${err}`).toBe(0);
      return out;
    },
  };
}

interface Seen {
  readonly id: string;
  readonly addressed: readonly string[];
  readonly content?: { readonly text: string };
}

/** The event of what a person wrote, once the bot has it. */
async function heard({ must }: Walk, bot: string, text: string): Promise<Seen> {
  return vi.waitFor(
    async () => {
      const { items } = JSON.parse(await must(`events list --bot ${bot} --limit 100 --json`)) as { items: Seen[] };
      const found = items.find(({ content }) => content?.text === text);
      expect(found, text).toBeDefined();
      return found as Seen;
    },
    { timeout: 20_000, interval: 300 },
  );
}

it("Mattermost: from a fresh server to an answering bot", async () => {
  const server = await startMattermost();
  try {
    const walk = await started();
    const env = { ADMIN_TOKEN: server.adminToken };
    const lines = linesOf("mattermost");
    expect(lines).toContain("rooms add-bot chat/eng:ops helper");
    for (const line of lines.filter((one) => one !== "serve")) {
      const here = line.replace("https://chat.example.org", server.url);
      await walk.must(line.startsWith("connect") ? `${here} --token env:ADMIN_TOKEN` : here, { env });
    }
    await vi.waitFor(() => expect(server.sim.hub.count()).toBe(1), 20_000);
    server.say("@helper are you there?");
    const event = await heard(walk, "chat/helper", "@helper are you there?");
    expect(event.addressed).toEqual(["helper"]);
    await walk.must(`messages reply ${event.id} 'yes, I am'`);
    expect([...server.sim.world.posts.values()].map(({ message }) => message)).toEqual(
      expect.arrayContaining(["hello", "yes, I am"]),
    );
    // An existing bot, as the text behind the lines says.
    await walk.must("bots release chat/helper --yes");
    await walk.must("bots adopt chat/helper --issue-credential");
  } finally {
    await server.close();
  }
});

it("Stoat: from an account to an answering bot", async () => {
  const server = await startStoat();
  try {
    const walk = await started();
    const env = { STOAT_SESSION: server.session };
    const lines = linesOf("stoat");
    expect(lines).toContain("rooms add-bot home/community bot");
    // The login is the other way to what `--owner-session` gives.
    for (const line of lines.filter((one) => one !== "serve" && !one.startsWith("credentials login")))
      await walk.must(line.replace("https://stoat.example.org", server.url), { env });
    await vi.waitFor(async () => expect(await walk.must("bots list home")).toMatch(/^home +bot .*ready/m), 20_000);
    server.say("anybody there?");
    const event = await heard(walk, "home/bot", "anybody there?");
    await walk.must(`messages reply ${event.id} 'yes, I am'`);
    const said = [...server.sim.world.messages.values()].flat().map(({ content }) => content);
    expect(said).toEqual(expect.arrayContaining(["hello", "yes, I am"]));
  } finally {
    await server.close();
  }
});

it("Nextcloud Talk: from a fresh server to an answering bot, with two copied lines", async () => {
  const server = await startTalk();
  try {
    const walk = await started();
    const lines = linesOf("talk");
    expect(lines).toContain("rooms add-bot cloud/abcd1234 helper");
    for (const line of lines.filter((one) => /^(?:connect|bots create)/.test(one))) {
      const here = line.replace("https://cloud.example.org", server.url);
      const out = await walk.must(here, line.startsWith("connect") ? { stdin: server.admin } : {});
      if (!line.startsWith("bots create")) continue;
      // The first line to copy: as it is shown, into a shell of the server.
      const occ = /^ +(sudo -u www-data php occ talk:bot:install .*)$/m.exec(out)?.[1] ?? out;
      expect((await server.cloud.occ(occ)).stdout).toBe("Bot installed\n");
    }
    // Botyard sees it by itself.
    await vi.waitFor(async () => expect(await walk.must("bots list cloud")).toMatch(/^cloud +helper .*ready/m), {
      timeout: 30_000,
      interval: 500,
    });
    await walk.must(`rooms add-bot cloud/${server.room} helper`);
    await server.say("anybody there?");
    const event = await heard(walk, "cloud/helper", "anybody there?");
    expect(await walk.must("events tail --bot cloud/helper")).toContain("anybody there?");
    await walk.must(`messages reply ${event.id} 'hello'`);
    expect(server.texts()).toContain("hello");
  } finally {
    await server.close();
  }
});
