import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBinary } from "./binary.ts";
import { createBotyard, type Botyard } from "./botyard.ts";
import { freePort } from "./process.ts";
import { readLog, type LogEvent } from "./readers.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { until } from "./steps.ts";

const limit = { limitMs: 30_000 };
const names = ["STOAT_LIVE_URL", "STOAT_LIVE_SESSION", "STOAT_LIVE_CHANNEL"] as const;
const given = (name: (typeof names)[number]): string => process.env[name] ?? "";

/**
 * The compiled binary against a Stoat instance of yours: none can be installed from ordinary registries.
 * `STOAT_LIVE_CHANNEL`: id of a text channel of a server in which the session's account has ManageServer. One bot is made
 * there and deleted again; a few messages stay.
 */
export const stoat: Scenario = {
  name: "stoat",
  title: "the compiled binary and a Stoat instance given by STOAT_LIVE_URL, _SESSION and _CHANNEL",
  missing() {
    const absent = names.filter((name) => given(name) === "");
    return absent.length === 0 ? undefined : `no Stoat instance is given: ${absent.join(", ")} not set`;
  },
  run,
};

interface Seen extends LogEvent {
  readonly addressed?: readonly string[];
}

async function run({ steps, directory }: Stage): Promise<void> {
  const { step } = steps;
  const binary = await step("the binary is compiled", findBinary, { limitMs: 300_000 });
  const hooksPort = await freePort();
  const botyard = createBotyard({
    binary,
    directory,
    hooksPort,
    port: await freePort(),
    publicUrl: `http://127.0.0.1:${hooksPort}`,
  });
  steps.onFailure(async () => botyard.tail());
  const secret = join(directory, "session");
  writeFileSync(secret, given("STOAT_LIVE_SESSION"), { mode: 0o600 });
  await step("botyard serve starts", () => botyard.start());
  await step("botyard connect finds the instance", () => connect(botyard, secret));
  const room = given("STOAT_LIVE_CHANNEL");
  const handle = `live-${Date.now().toString(36).slice(-6)}`;
  await step("a bot is made, and brought into the channel's server", async () => {
    await botyard.cli("bots", "create", `home/${handle}`, "--description", "made by a test of Botyard");
    await botyard.cli("rooms", "add-bot", `home/${room}`, handle);
  });
  try {
    await converse(steps, botyard, handle, room);
  } finally {
    await steps.check("the bot is deleted again", async () => {
      await botyard.cli("bots", "delete", `home/${handle}`, "--yes");
    });
  }
  await step("it stops when asked", async () => {
    const { code, signal } = await botyard.stop(15_000);
    if (code !== 0) throw new Error(`botyard serve ended with ${code ?? signal} after SIGTERM`);
  });
}

async function connect(botyard: Botyard, secret: string): Promise<void> {
  await botyard.cli("connect", "stoat", given("STOAT_LIVE_URL"), "--id", "home", "--owner-session", `file:${secret}`);
  const made = await botyard.json<{ secret: string }>("keys", "create", "live", "--preset", "admin");
  botyard.use(made.secret);
  await until(
    "connection state ready",
    async () => {
      const { state, reason } = await botyard.ask<{ state: string; reason?: string }>("GET", "/connections/home");
      if (state !== "ready") throw new Error(`the connection is ${state}: ${reason ?? "no reason given"}`);
      return true;
    },
    limit,
  );
}

async function converse({ step }: Stage["steps"], botyard: Botyard, handle: string, room: string): Promise<void> {
  const { username, nativeId } = await botyard.ask<{ username: string; nativeId: string }>(
    "GET",
    `/connections/home/bots/${handle}`,
  );
  const ready = (): Promise<true> =>
    until(
      "the bot's socket",
      async () => {
        const bot = await botyard.ask<{ state: string; reason?: string }>("GET", `/connections/home/bots/${handle}`);
        if (bot.state !== "ready") throw new Error(`the bot is ${bot.state}: ${bot.reason ?? "no reason given"}`);
        return true as const;
      },
      limit,
    );
  await step(`${username} sends, and its own message comes back as an echo`, async () => {
    await ready();
    await sendUntilSeen(botyard, handle, room, "hello from Botyard");
  });
  await step("a message of the owner reaches it, meant for it, and is answered", async () => {
    const text = `<@${nativeId}> ping ${handle}`;
    await ownerSays(room, text);
    const event = await seen(botyard, (one) => one.content?.text === text);
    if (!event.addressed?.includes(handle)) throw new Error("the event is not addressed to the bot");
    await botyard.ask("POST", `/events/${event.id}/reply`, { body: { text: "pong", as: handle } });
  });
  await step("its token is replaced; the old one is dead, the socket comes back, the gap is settled", async () => {
    await botyard.cli("credentials", "rotate", `home/${handle}`, "--yes");
    const text = `after the rotation ${handle}`;
    await ownerSays(room, text);
    await seen(botyard, (one) => one.content?.text === text);
    await ready();
    await until(
      "the gap to be settled",
      async () => {
        const { items } = await botyard.ask<{ items: readonly { state: string }[] }>("GET", "/gaps?connection=home");
        return items.length > 0 && items.every(({ state }) => state !== "open") ? true : undefined;
      },
      limit,
    );
    await sendUntilSeen(botyard, handle, room, "with the new token");
  });
}

async function sendUntilSeen(botyard: Botyard, handle: string, room: string, text: string): Promise<void> {
  const whole = `${text} (${handle})`;
  await botyard.ask("POST", `/connections/home/rooms/${room}/messages`, { body: { as: handle, text: whole } });
  await seen(botyard, (one) => one.own && one.content?.text === whole);
}

async function seen(botyard: Botyard, fits: (event: Seen) => boolean): Promise<Seen> {
  return until("the event", async () => ((await readLog(botyard)) as readonly Seen[]).find(fits), limit);
}

/** What a person does in their client. */
async function ownerSays(room: string, content: string): Promise<void> {
  const base = given("STOAT_LIVE_URL").replace(/\/+$/, "");
  const tried: string[] = [];
  for (const api of [base, `${base}/api`]) {
    const response = await fetch(`${api}/channels/${room}/messages`, {
      method: "POST",
      headers: {
        "x-session-token": given("STOAT_LIVE_SESSION"),
        "content-type": "application/json",
        accept: "application/json",
      },
      body: JSON.stringify({ content }),
    });
    if (response.ok) return;
    tried.push(`${api}: ${response.status}`);
  }
  throw new Error(`the owner could not write: ${tried.join(", ")}`);
}
