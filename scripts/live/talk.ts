import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBinary } from "./binary.ts";
import { createBotyard, type Botyard } from "./botyard.ts";
import { freePort } from "./process.ts";
import { pullReader } from "./readers.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { until } from "./steps.ts";

/** Nextcloud comes from no package registry: whoever has one names it here. */
const variables = {
  url: ["BOTYARD_TALK_URL", "its address: https://cloud.example.org"],
  admin: ["BOTYARD_TALK_ADMIN", "an administrator's name:app-password"],
  person: ["BOTYARD_TALK_PERSON", "name:app-password of somebody who moderates the room"],
  room: ["BOTYARD_TALK_ROOM", "token of a room to write into"],
  occ: ["BOTYARD_TALK_OCC", "how occ is run from this machine: docker exec -u www-data nextcloud php occ"],
  hooksUrl: ["BOTYARD_TALK_HOOKS_URL", "under which the Nextcloud reaches this machine: http://192.0.2.7:8471"],
} as const;
type Name = keyof typeof variables;

const given = (name: Name): string => process.env[variables[name][0]] ?? "";

function missing(): string | undefined {
  const absent = (Object.keys(variables) as Name[]).filter((name) => given(name) === "");
  if (absent.length === 0) return undefined;
  return `no Nextcloud is named; set ${absent.map((name) => `${variables[name][0]} (${variables[name][1]})`).join(", ")}`;
}

const limit = { limitMs: 30_000 };

interface Step {
  readonly id: string;
  readonly state: string;
  readonly run: { readonly command?: string };
}

/** The compiled binary against a Nextcloud with Talk that environment variables name. */
export const talk: Scenario = {
  name: "talk",
  title: "the compiled binary and a Nextcloud with Talk, named by BOTYARD_TALK_…",
  missing,
  run,
};

async function run({ steps, directory }: Stage): Promise<void> {
  const { step } = steps;
  const room = given("room");
  const hooksPort = Number(new URL(given("hooksUrl")).port) || 8471;
  const binary = await step("the binary is compiled", findBinary, { limitMs: 300_000 });
  const botyard = createBotyard({ binary, directory, hooksPort, port: await freePort(), publicUrl: given("hooksUrl") });
  steps.onFailure(async () => botyard.tail());
  await step("botyard serve starts", () => botyard.start());

  await step("botyard connect finds Talk", async () => {
    const secret = join(directory, "admin");
    writeFileSync(secret, given("admin"), { mode: 0o600 });
    const options = ["--app-password", `file:${secret}`, "-o", `occ=${given("occ")}`, "-o", "accounts=person"];
    await botyard.cli("connect", "talk", given("url"), "--id", "cloud", ...options);
    const made = await botyard.json<{ secret: string }>("keys", "create", "live", "--preset", "admin");
    botyard.use(made.secret);
    const body = { account: "person", secret: given("person") };
    await botyard.ask("PUT", "/connections/cloud/credentials/account-password", { body });
    await botyard.ask("POST", "/connections/cloud/probe", { body: {} });
    await until(
      "connection state ready",
      async () => {
        const { state, reason } = await botyard.ask<{ state: string; reason?: string }>("GET", "/connections/cloud");
        if (state !== "ready") throw new Error(`the connection is ${state}: ${reason ?? "no reason given"}`);
        return true;
      },
      limit,
    );
  });

  const handle = `live-${Date.now().toString(36)}`;
  await step("a bot is installed by the line of its step", async () => {
    const { opened } = await botyard.ask<{ opened: Step[] }>("POST", "/connections/cloud/bots", {
      body: { handle, displayName: "Botyard live" },
    });
    await operate(botyard, opened[0]);
  });
  await step("it is brought into the room", () =>
    botyard.ask("PUT", `/connections/cloud/rooms/${room}/bots/${handle}`),
  );
  await converse(botyard, steps, handle, room);
  await step("it gets another secret and is in its room again", async () => {
    const { opened } = await botyard.ask<{ opened: Step[] }>(
      "POST",
      `/connections/cloud/bots/${handle}/credentials/rotate`,
    );
    await operate(botyard, opened[0]);
    await botyard.ask("POST", `/connections/cloud/rooms/${room}/messages`, {
      body: { as: handle, text: "with the new one" },
    });
  });
  await step("it is uninstalled", async () => {
    const { opened } = await botyard.ask<{ opened: Step[] }>("DELETE", `/connections/cloud/bots/${handle}`);
    await operate(botyard, opened[0]);
  });
  await step("the server does not slow this address", async () => {
    const { delayMs } = await botyard.ask<{ delayMs: number }>("GET", "/connections/cloud/talk/throttle");
    if (delayMs > 0) throw new Error(`every bot call from here waits ${delayMs} ms`);
  });
  await step("botyard stops when asked", async () => {
    const { code, signal } = await botyard.stop(15_000);
    if (code !== 0) throw new Error(`botyard serve ended with ${code ?? signal} after SIGTERM`);
  });
}

/** Runs a step's line as the operator would, and waits until it is seen as done. */
async function operate(botyard: Botyard, opened: Step | undefined): Promise<void> {
  if (!opened) throw new Error("no step was opened");
  const { run } = await botyard.ask<Step>("GET", `/steps/${opened.id}?reveal=true`);
  const done = spawnSync("sh", ["-c", run.command ?? ""], { encoding: "utf8", timeout: 60_000 });
  // the line holds a secret: only what it said is shown
  if (done.status !== 0) throw new Error(`occ ended with ${done.status}: ${done.stdout}${done.stderr}`);
  await until(
    `step ${opened.id}`,
    async () => {
      const { state } = await botyard.ask<Step>("POST", `/steps/${opened.id}/verify`);
      return state === "done" ? true : undefined;
    },
    limit,
  );
}

async function converse(botyard: Botyard, { step }: Stage["steps"], handle: string, room: string): Promise<void> {
  const consumer = "live";
  await botyard.ask("PUT", `/consumers/${consumer}`, { body: { start: "now", bot: `cloud/${handle}` } });
  const reader = pullReader(botyard, consumer);
  const question = `question ${handle}`;
  const event = await step("what a person writes comes as one event", async () => {
    await botyard.ask("POST", `/connections/cloud/rooms/${room}/messages`, {
      body: { as: "account:person", text: question },
    });
    const found = await until("the event", () => reader.seen.find(({ content }) => content?.text === question), limit);
    if (reader.seen.filter(({ content }) => content?.text === question).length > 1) throw new Error("it came twice");
    return found;
  });
  await step("the bot answers, and its message has an id", async () => {
    const sent = await botyard.ask<{ message: string | null }>("POST", `/events/${event.id}/reply`, {
      body: { as: handle, text: "answer" },
    });
    if (sent.message === null) throw new Error("history did not show the message");
    const path = `/connections/cloud/rooms/${room}/messages/${sent.message}/reactions/${encodeURIComponent("👍")}`;
    await botyard.ask("PUT", path, { body: { as: handle } });
    await botyard.ask("DELETE", `${path}?as=${handle}`);
  });
  await reader.stop();
}
