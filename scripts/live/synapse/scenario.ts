import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBinary } from "../binary.ts";
import { createBotyard } from "../botyard.ts";
import { freePort } from "../process.ts";
import { pullReader, streamReader, type LogEvent, type Reader } from "../readers.ts";
import type { Scenario, Stage } from "../scenario.ts";
import { until } from "../steps.ts";
import { textOf } from "./audit.ts";
import { outages } from "./outages.ts";
import { createHuman, type Human, type RoomEvent } from "./human.ts";
import { installSynapse, whyNoPython } from "./install.ts";
import { createBridge, methods, type Bridge } from "./methods.ts";
import type { Scene } from "./scene.ts";
import { createSynapse } from "./server.ts";
import { createTap } from "./tap.ts";

const serverName = "live.test";
const limit = { limitMs: 20_000 };

/** The compiled binary against a real Synapse, driven over its command line and its HTTP API. */
export const synapse: Scenario = {
  name: "synapse",
  title: "the compiled binary and a real Synapse",
  missing: whyNoPython,
  run,
};

async function run(stage: Stage): Promise<void> {
  const { steps } = stage;
  const bridge = await createBridge(serverName, stage.directory);
  const scene = await converse(stage, await connect(stage, bridge));
  await methods(steps, scene, bridge, stage.directory);
  await outages(steps, scene);
  await steps.step("both stop when asked", async () => {
    const { code, signal } = await scene.botyard.stop(15_000);
    if (code !== 0) throw new Error(`botyard serve ended with ${code ?? signal} after SIGTERM`);
    await scene.synapse.stop();
    await scene.tap.close();
  });
}

type Connected = Pick<Scene, "synapse" | "botyard" | "tap" | "registration">;

/** Registration → Synapse → service → connection. */
async function connect({ steps, directory }: Stage, bridge: Bridge): Promise<Connected> {
  const { step } = steps;
  const binary = await step("the binary is compiled", findBinary, { limitMs: 300_000 });
  const python = await step("Synapse is installed", () => installSynapse(steps.note), { limitMs: 600_000 });
  const hooksPort = await freePort();
  const tap = await createTap(await freePort(), hooksPort);
  const botyard = createBotyard({ binary, directory, hooksPort, port: await freePort(), publicUrl: tap.url });
  const registration = join(directory, "remote.yaml");
  await step("botyard matrix registration prints the file", async () => {
    const url = `${tap.url}/hooks/matrix`;
    const flags = ["--bot", "remotebot", "--users", "_remote_.*", "--server", serverName, "--url", url];
    writeFileSync(registration, await botyard.cli("matrix", "registration", ...flags), { mode: 0o600 });
  });
  const home = join(directory, "synapse");
  mkdirSync(home);
  const options = {
    python,
    serverName,
    directory: home,
    port: await freePort(),
    registrations: [registration, bridge.file],
  };
  const synapse = createSynapse(options);
  steps.onFailure(async () => synapse.tail(15));
  steps.onFailure(async () => botyard.tail());
  await step("Synapse takes it and starts", () => synapse.start());
  await step("botyard serve starts", () => botyard.start());
  await step("botyard connect finds Synapse", async () => {
    await botyard.cli("connect", "matrix", synapse.url, "--id", "matrix", "--registration", registration);
    const made = await botyard.json<{ secret: string }>("keys", "create", "live", "--preset", "admin");
    botyard.use(made.secret);
    await until(
      "connection state ready",
      async () => {
        const { state, reason } = await botyard.ask<{ state: string; reason?: string }>("GET", "/connections/matrix");
        if (state !== "ready") throw new Error(`the connection is ${state}: ${reason ?? "no reason given"}`);
        return true;
      },
      limit,
    );
  });
  return { synapse, botyard, tap, registration };
}

/** A bot, an invite-only room, a message in and answers out. */
async function converse({ steps: { step } }: Stage, connected: Connected): Promise<Scene> {
  const { botyard, synapse } = connected;
  const human = await createHuman(synapse.url, "reader");
  const botId = await step("botyard bots create makes helper", async () => {
    const bot = await botyard.json<{ nativeId: string }>("bots", "create", "helper");
    return bot.nativeId;
  });
  const room = await step("helper enters an invite-only room through the bridge bot", async () => {
    const made = await human.createRoom("Live");
    await human.invite(made, `@remotebot:${serverName}`);
    await botyard.cli("rooms", "add-bot", made, "helper");
    const membership = (await human.members(made)).get(botId);
    if (membership !== "join") throw new Error(`${botId} is "${membership}" in the room`);
    return made;
  });
  await botyard.ask("PUT", "/consumers/live", { body: { start: "now" } });
  const pulling = pullReader(botyard, "live");
  const streaming = streamReader(botyard, "now");
  let asked = 0;
  await step("the program's stream is open", () =>
    until(
      "any event on the stream",
      async () => {
        await human.send(room, `is anybody there? ${++asked}`, `asked-${asked}`);
        return streaming.seen.length > 0 || undefined;
      },
      { limitMs: 10_000, everyMs: 500 },
    ),
  );

  const inbox = await openInbox(human, room);
  const text = "hello helper";
  await human.send(room, text, "hello");
  const event = await step("what the person writes is seen by pull", () => find(pulling, text, human.userId));
  await step("and by server-sent events, the same event", async () => {
    const streamed = await find(streaming, text, human.userId);
    if (streamed.id !== event.id) throw new Error(`pulled ${event.id}, streamed ${streamed.id}`);
  });
  await step("the bot answers over HTTP, and the same answer again is one message", async () => {
    const path = `/events/${event.id}/reply`;
    const first = await botyard.call("POST", path, { body: { text: "hello reader" } });
    const again = await botyard.call("POST", path, { body: { text: "hello reader" } });
    const ids = [first, again].map(({ body }) => (body as { message: string }).message);
    if (first.status !== 201 || again.status !== 201 || !again.replayed || ids[0] !== ids[1]) {
      throw new Error(`answered ${JSON.stringify(first)}, then ${JSON.stringify(again)}`);
    }
    await inbox("hello reader", botId);
  });
  await step("the bot writes by command line, and the person reads it", async () => {
    await botyard.cli("messages", "send", room, "from the shell", "--as", "helper");
    await inbox("from the shell", botId);
  });
  return { ...connected, human, room, botId, pulling, streaming };
}

function find(reader: Reader, text: string, sender: string): Promise<LogEvent> {
  const found = (event: LogEvent): boolean =>
    event.type === "message.created" && event.content?.text === text && event.actor?.id === sender;
  return until(`"${text}"`, () => reader.seen.find(found), limit);
}

/** The person's client from now on: waits until a text of `sender` is on the screen. */
async function openInbox(human: Human, room: string): Promise<(text: string, sender: string) => Promise<void>> {
  const screen: RoomEvent[] = [];
  let { next } = await human.sync(room, undefined, 0);
  return (text, sender) =>
    until(
      `"${text}" in the person's client`,
      async () => {
        const synced = await human.sync(room, next, 200);
        next = synced.next;
        screen.push(...synced.events);
        return screen.some((event) => event.sender === sender && textOf(event) === text) || undefined;
      },
      limit,
    ).then(() => {});
}
