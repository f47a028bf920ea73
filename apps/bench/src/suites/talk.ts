import { join } from "node:path";
import { createLogger, createMemorySealer, createRedactor, createRuntime, openStore } from "@botyard/core";
import { createHooksApp, listen } from "@botyard/http";
import type { Step } from "@botyard/sdk";
import talk from "@botyard/talk";
import { sign } from "@botyard/talk/signature";
import { addUser, createNextcloud } from "@botyard/talk/simulator";
import type { Figure, Suite } from "../figure.ts";
import { pairedRates, percentile } from "../measure.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A runtime with one installed Talk bot, behind the real hooks listener, and what signs as the server does. */
async function open(folder: string, name: string, stored: boolean) {
  const cloud = createNextcloud({ url: "https://cloud.test", push: async () => Response.json({}) });
  const admin = addUser(cloud.world, "ops", { admin: true });
  admin.appPasswords.add("app-password-of-ops");
  const room = cloud.room("Ops", [admin]);
  const redactor = createRedactor();
  const runtime = await createRuntime({
    version: "bench",
    platforms: [talk],
    store: await openStore(stored ? { path: join(folder, `${name}.db`), durability: "normal" } : { memory: true }),
    sealer: createMemorySealer(),
    logger: createLogger({ format: "json", level: "silent", redactor }),
    redactor,
    receive: true,
    hooksUrl: "http://bots.test",
    fetch: async (input, init) =>
      cloud.fetch(
        new Request(String(input instanceof Request ? input.url : input), input instanceof Request ? input : init),
      ),
  });
  await runtime.start();
  const call = async (operation: string, input: Record<string, unknown>): Promise<unknown> =>
    (await runtime.invoke(operation, input, { principal: runtime.local, request: "req_bench" })).value;
  await call("connections.create", {
    id: "talk",
    platform: "talk",
    url: "https://cloud.test",
    credentials: { "app-password": "ops:app-password-of-ops" },
  });
  const { opened = [] } = (await call("bots.create", { connection: "talk", handle: "helper" })) as { opened?: Step[] };
  for (const step of opened) {
    await cloud.occ(step.run.command ?? "");
    await call("steps.verify", { step: step.id });
  }
  await call("rooms.add-bot", { connection: "talk", room: room.token, bot: "helper" });
  const secret = /'([0-9A-Za-z]{40,128})'/.exec(opened[0]?.run.command ?? "")?.[1] ?? "";
  const hooks = createHooksApp(runtime, { log });
  const server = await listen((request) => hooks.fetch(request), { port: 0 });
  let n = 0;
  const post = async (): Promise<void> => {
    n += 1;
    const random = `${n}`.padStart(64, "a");
    const body = JSON.stringify({
      type: "Create",
      actor: { type: "Person", id: "users/alice", name: "alice", talkParticipantType: "3" },
      object: {
        type: "Note",
        id: String(n),
        name: "message",
        content: JSON.stringify({ message: "restart the build", parameters: [] }),
        mediaType: "text/markdown",
      },
      target: { type: "Collection", id: room.token, name: "Ops" },
    });
    const response = await fetch(`${server.url}/hooks/talk/helper/1`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-nextcloud-talk-random": random,
        "x-nextcloud-talk-signature": sign(secret, random, body),
        "x-nextcloud-talk-backend": "https://cloud.test/",
      },
      body,
    });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  return {
    post,
    async close() {
      await server.close({ drainMs: 0 });
      await runtime.close({ drainMs: 0 });
    },
  };
}

/** Signed webhooks accepted and stored, against the same handler with a store that keeps nothing on disk. */
export const suite: Suite = {
  name: "talk",
  async run({ seconds, folder }) {
    const figures: Figure[] = [];
    const stored = await open(folder, "talk", true);
    const memory = await open(folder, "talk-memory", false);
    for (const lanes of [1, 32]) {
      const { a, b } = await pairedRates(stored.post, memory.post, { seconds, lanes });
      figures.push({
        name: `signed webhooks accepted and stored, ${lanes} connection${lanes > 1 ? "s" : ""}`,
        value: a,
        unit: "webhooks/s",
        against: { name: "same handler, memory store", value: b },
        note: "goals: 5,000/s at 1 and 15,000/s at 32; client, signing and server share one process",
      });
    }
    const delays: number[] = [];
    const start = performance.now();
    const sending: Promise<void>[] = [];
    for (let i = 0; i < 500 * seconds; i += 1) {
      const due = start + i * 2;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const at = performance.now();
      sending.push(stored.post().then(() => void delays.push(performance.now() - at)));
    }
    await Promise.all(sending);
    figures.push({
      name: "acknowledged at 500/s, p99",
      value: percentile(delays, 99),
      unit: "ms",
      goal: { kind: "atMost", value: 20 },
    });
    await stored.close();
    await memory.close();
    return figures;
  },
};
