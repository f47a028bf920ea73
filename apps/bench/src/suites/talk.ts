import { join } from "node:path";
import { createHooksApp, listen } from "@botyard/http";
import type { Step } from "@botyard/sdk";
import talk from "@botyard/talk";
import { addUser, createNextcloud } from "@botyard/talk/simulator";
import type { Figure, Suite } from "../figure.ts";
import { pairedLoads, startLoad } from "../load/load.ts";
import { openRuntime, silent } from "../runtime.ts";
import type { TalkSettings } from "../talk/requests.ts";

/** A runtime with one installed Talk bot. */
async function openTalk(folder: string, name: string, stored: boolean) {
  const cloud = createNextcloud({ url: "https://cloud.test", push: async () => Response.json({}) });
  const admin = addUser(cloud.world, "ops", { admin: true });
  admin.appPasswords.add("app-password-of-ops");
  const room = cloud.room("Ops", [admin]);
  const { runtime, call } = await openRuntime({
    platforms: [talk],
    store: stored ? { path: join(folder, `${name}.db`), durability: "normal" } : { memory: true },
    hooksUrl: "http://bots.test",
    simulator: cloud,
  });
  await runtime.start();
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
  return { runtime, settings: { secret, room: room.token, path: "/hooks/talk/helper/1" } satisfies TalkSettings };
}

/** It behind the real hooks listener, and a process that signs and sends as the server does. */
async function open(folder: string, name: string, stored: boolean) {
  const { runtime, settings } = await openTalk(folder, name, stored);
  const hooks = createHooksApp(runtime, { log: silent });
  const server = await listen((request) => hooks.fetch(request), { port: 0 });
  const load = await startLoad({
    host: "127.0.0.1",
    port: Number(new URL(server.url).port),
    requests: new URL("../talk/requests.ts", import.meta.url).href,
    settings,
  });
  return {
    load,
    async close() {
      load.close();
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
    for (const [lanes, goal] of [
      [1, 5000],
      [32, 15_000],
    ] as const) {
      const { a, b } = await pairedLoads(stored.load, memory.load, { seconds, lanes });
      const of = `${lanes} connection${lanes > 1 ? "s" : ""}`;
      figures.push(
        {
          name: `signed webhooks accepted and stored, ${of}`,
          value: a,
          unit: "webhooks/s",
          goal: { kind: "atLeast", value: goal },
        },
        {
          name: `the same, ${of}, against a store that keeps nothing on disk`,
          value: a,
          unit: "webhooks/s",
          against: { name: "same handler, memory store", value: b },
        },
      );
    }
    const paced = await stored.load.run({ lanes: 32, seconds: Math.max(3, seconds), perSecond: 500 });
    figures.push({
      name: "acknowledged at 500/s, p99",
      value: paced.p99,
      unit: "ms",
      goal: { kind: "atMost", value: 20 },
      note: `p50 ${paced.p50.toFixed(2)} ms; from when it was due`,
    });
    await stored.close();
    await memory.close();
    return figures;
  },
};
