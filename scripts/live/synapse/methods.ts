import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createAppService,
  createRegistration,
  toYaml,
  type Registration,
} from "../../../plugins/matrix-appservice/src/index.ts";
import { freePort } from "../process.ts";
import { until, type Steps } from "../steps.ts";
import { everyMethod } from "./every-method.ts";
import type { Scene } from "./scene.ts";

/** A bridge program without the service: its own registration, its own listener. */
export interface Bridge {
  readonly registration: Registration;
  /** The file Synapse loads. */
  readonly file: string;
  readonly port: number;
}

export async function createBridge(serverName: string, directory: string): Promise<Bridge> {
  const port = await freePort();
  const registration = createRegistration({
    id: "bridge",
    url: `http://127.0.0.1:${port}`,
    serverName,
    bot: "bridgebot",
    users: ["_bridge_.*"],
    aliases: ["_bridge_.*"],
  });
  const file = join(directory, "bridge.yaml");
  writeFileSync(file, toYaml(registration), { mode: 0o600 });
  return { registration, file, port };
}

/** Every method of the library and the native operations, each on the real server. */
export async function methods({ step, check }: Steps, scene: Scene, bridge: Bridge, directory: string): Promise<void> {
  const { synapse, human } = scene;
  const as = createAppService({
    registration: bridge.registration,
    homeserverUrl: synapse.url,
    store: join(directory, "bridge.db"),
  });
  const ghost = as.intent(`@_bridge_42:${synapse.serverName}`);
  const room = await step(
    "a bridge program starts on its own port, and a ghost enters an invite-only room",
    async () => {
      await as.listen({ port: bridge.port });
      const report = await as.start();
      const bad = report?.checks.filter(({ state }) => state === "fail") ?? [];
      if (report === undefined || bad.length > 0) throw new Error(`checks: ${JSON.stringify(report?.checks)}`);
      const made = await human.createRoom("Bridge");
      await human.invite(made, as.botUserId);
      await ghost.ensureJoined(made);
      return made;
    },
  );
  await check("each method of an intent does what it says", () => everyMethod(as, ghost, human, room));
  await check("what a person writes reaches the program, and a ghost a person invites exists", async () => {
    const seen: string[] = [];
    const end = as.on("message.created", ({ content }) => void seen.push(content?.text ?? ""));
    const asked: string[] = [];
    as.onUserQuery((userId) => asked.push(userId) > 0);
    const other = `@_bridge_new:${synapse.serverName}`;
    await human.invite(room, other);
    await human.send(room, "to the bridge", "bridge-1");
    await until("the message", () => seen.includes("to the bridge") || undefined, { limitMs: 10_000 });
    end();
    if (!asked.includes(other)) throw new Error("the homeserver did not ask for the ghost");
    await as.intent(other).ensureJoined(room);
  });
  await check("the same over HTTP and on the command line", () => nativeOperations(scene));
  await as.close();
}

async function nativeOperations({ botyard, room, synapse }: Scene): Promise<void> {
  const ghost = `user:@_remote_native:${synapse.serverName}`;
  const said = await botyard.cli("matrix", "ensure-joined", room, "--as", ghost);
  if (!said.includes("invited by")) throw new Error(`ensure-joined said ${said}`);
  const sent = await botyard.ask<{ event: string }>("POST", "/connections/matrix/matrix/send-message-event", {
    body: { as: ghost, room, type: "org.botyard.live", content: { v: 1 }, timestampMs: 1_500_000_000_000 },
  });
  const query = `room=${encodeURIComponent(room)}&event=${encodeURIComponent(sent.event)}&as=helper`;
  const { event } = await botyard.ask<{ event: { origin_server_ts: number } }>(
    "GET",
    `/connections/matrix/matrix/get-event?${query}`,
  );
  if (event.origin_server_ts !== 1_500_000_000_000) throw new Error(`the event is dated ${event.origin_server_ts}`);
}
