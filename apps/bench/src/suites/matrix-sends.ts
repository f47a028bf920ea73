import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createRegistration, toYaml } from "@botyard/matrix-appservice";
import type { Figure, SuiteOptions } from "../figure.ts";
import { pairedLoads, startLoad } from "../load/load.ts";
import type { SendingSettings } from "../peers/matrix/sending.ts";
import { ownCommand, type Peer, startPeer } from "../peers/process.ts";

const serverName = "bench.test";
const peers = join(import.meta.dirname, "../peers/matrix");
/** Some 1,500 messages before anything counts: a service runs for weeks, and after 200 most of its code is interpreted still. */
const warmSeconds = 40;
/** Many and short: what else the machine does hits both. */
const rounds = 25;
/** A message takes Synapse 20 ms and more: a rate wants some dozens of them. */
const roundSeconds = 1;

type Synapse = Peer<{ readonly url: string } | { readonly missing: string }>;
type Service = Peer<{ readonly url: string; readonly key: string; readonly room: string }>;

/** The Synapse of the live run, with our registration. */
function startSynapse(folder: string, registration: string): Promise<Synapse> {
  const script = resolve(import.meta.dirname, "../../../../scripts/live/synapse-serve.ts");
  return startPeer(ownCommand(script, [join(folder, "synapse"), serverName, registration]), { cwd: folder });
}

/** A port for the hooks listener: Synapse reads it before the service is there. */
function freePort(): Promise<number> {
  return new Promise((answer, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => answer(port));
    });
  });
}

const loadOf = (url: string, settings: Omit<SendingSettings, "host">) => {
  const { port, host } = new URL(url);
  const target = { host: "127.0.0.1", port: Number(port), settings: { ...settings, host } };
  return startLoad({ ...target, requests: new URL("../peers/matrix/sending.ts", import.meta.url).href });
};

/**
 * Messages sent through the service's HTTP API to a real Synapse, against calling Synapse for the same bot in the same
 * room. Homeserver, service and load are a process each, with as many requests in flight either way; Synapse pushes every
 * message to the service, which stores it, either way.
 */
export async function sends({ seconds, folder }: SuiteOptions): Promise<readonly Figure[]> {
  const name = "messages sent through Synapse";
  const hooksPort = await freePort();
  const url = `http://127.0.0.1:${hooksPort}/hooks/matrix`;
  const registration = {
    ...createRegistration({ id: "botyard", url, serverName, bot: "botyard", users: ["bot_.*"] }),
    rateLimited: false,
  };
  const file = join(folder, "registration.yaml");
  writeFileSync(file, toYaml(registration));
  const synapse = await startSynapse(folder, file).catch((error: unknown) => String(error));
  if (typeof synapse === "string" || "missing" in synapse.ready) {
    const why = typeof synapse === "string" ? synapse : "missing" in synapse.ready ? synapse.ready.missing : "";
    return [{ name, value: 0, unit: "sends/s", note: `not run: ${why.split("\n")[0] ?? ""}` }];
  }
  const homeserver = synapse.ready.url;

  const figures: Figure[] = [];
  for (const durability of ["full", "normal"] as const) {
    const service: Service = await startPeer(
      ownCommand(join(peers, "sends-peer.ts"), [folder, durability, homeserver, file, String(hooksPort)]),
      { cwd: process.cwd() },
    );
    const { room, key } = service.ready;
    const through = await loadOf(service.ready.url, { room, token: key });
    const direct = await loadOf(homeserver, {
      room,
      token: registration.asToken,
      direct: { user: `@bot_helper:${serverName}`, run: durability },
    });
    await through.run({ lanes: 8, seconds: warmSeconds });
    for (const lanes of [1, 8]) {
      const spent = Math.max(rounds * roundSeconds, seconds * 2);
      const { a, b } = await pairedLoads(through, direct, { seconds: spent, lanes, rounds });
      figures.push({
        name: `${name}, ${lanes} at a time, ${durability}`,
        value: a,
        unit: "sends/s",
        against: { name: "Synapse itself", value: b },
        goal: { kind: "atLeast", value: 0.95 },
        note: "HTTP API, ledger and echo through the log, against the same bot's call of Synapse by the same load; Synapse, service and load in a process each; each message is pushed to us and stored in both",
      });
    }
    through.close();
    direct.close();
    await service.close();
  }
  await synapse.close();
  return figures;
}
