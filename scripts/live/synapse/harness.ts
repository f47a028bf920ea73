import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../process.ts";
import type { Scenario, Stage } from "../scenario.ts";
import { until } from "../steps.ts";
import { createHuman } from "./human.ts";
import { installSynapse, whyNoPython } from "./install.ts";
import { createListener, type Listener } from "./listener.ts";
import { createSynapse } from "./server.ts";

const serverName = "live.test";

/**
 * The ground the Synapse run stands on, without Botyard: when `synapse` fails and this passes,
 * the fault is ours.
 */
export const synapseHarness: Scenario = {
  name: "synapse-harness",
  title: "Synapse, a person and a bare listener, without Botyard",
  missing: whyNoPython,
  run,
};

async function run({ steps, directory }: Stage): Promise<void> {
  const { step } = steps;
  const python = await step("Synapse is installed", () => installSynapse(steps.note), {
    limitMs: 600_000,
  });
  const hsToken = randomBytes(32).toString("hex");
  const listener = await createListener(hsToken, await freePort());
  const registration = join(directory, "registration.yaml");
  writeFileSync(registration, registrationOf(listener.url, hsToken));
  const synapse = createSynapse({
    python,
    directory,
    serverName,
    port: await freePort(),
    registrations: [registration],
  });
  steps.onFailure(async () => synapse.tail());

  await step("Synapse starts with a registration", () => synapse.start());
  const human = await step("a person registers", () => createHuman(synapse.url, "reader"));
  const room = await step("the person makes a room and invites the application service", async () => {
    const made = await human.createRoom("Live");
    await human.invite(made, `@livebot:${serverName}`);
    await until("the invitation at the listener", () => arrived(listener, "m.room.member"), limit);
    return made;
  });
  await step("the application service joins", () => actAsSender(synapse.url, `/join/${encodeURIComponent(room)}`));
  await step("what the person writes arrives", () => say("before"));
  await step("Synapse stops and starts with its database", async () => {
    await synapse.stop();
    await synapse.start();
    await say("after stop");
  });
  await step("Synapse is killed and starts with its database", async () => {
    await synapse.kill();
    await synapse.start();
    await say("after kill");
  });
  await step("what a listener refused arrives later, once", async () => {
    listener.refuse(true);
    await human.send(room, "refused", "refused");
    await until("a refusal", () => listener.refused() > 0 || undefined, limit);
    listener.refuse(false);
    await until("the refused message", () => arrived(listener, "m.room.message", "refused"), limit);
  });
  await step("history and sync hold each text once", async () => {
    const texts = ["before", "after stop", "after kill", "refused"];
    const read = (await human.history(room)).map((event) => event.content["body"]);
    const synced = (await human.sync(room, undefined, 0)).events.map((event) => event.content["body"]);
    for (const text of texts) {
      const counts = [read, synced].map((all) => all.filter((body) => body === text).length);
      if (counts.join() !== "1,1") throw new Error(`"${text}" in history and sync: ${counts.join()}`);
    }
  });
  await step("the person leaves", () => human.leave(room));
  await synapse.stop();
  await listener.close();

  async function say(text: string): Promise<void> {
    const eventId = await human.send(room, text, text);
    await until(`"${text}" at the listener`, () => arrived(listener, "m.room.message", text), limit);
    const times = listener.taken().filter((event) => event.event_id === eventId).length;
    if (times !== 1) throw new Error(`"${text}" arrived ${times} times`);
  }
}

const limit = { limitMs: 30_000 };
const asToken = randomBytes(32).toString("hex");

function arrived(listener: Listener, type: string, text?: string): true | undefined {
  const found = listener.taken().some((event) => event.type === type && event.content.body === text);
  return found || undefined;
}

async function actAsSender(url: string, path: string): Promise<void> {
  const response = await fetch(`${url}/_matrix/client/v3${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${asToken}`, "content-type": "application/json" },
    body: "{}",
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status} ${await response.text()}`);
}

function registrationOf(url: string, hsToken: string): string {
  return JSON.stringify({
    id: "live-harness",
    url,
    as_token: asToken,
    hs_token: hsToken,
    sender_localpart: "livebot",
    rate_limited: false,
    namespaces: {
      users: [{ regex: "^@_live_.*:live\\.test$", exclusive: true }],
    },
  });
}
