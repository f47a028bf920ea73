import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createApp, createHooksApp, listen } from "@botyard/http";
import matrix, { createRegistration, toYaml } from "@botyard/matrix-appservice";
import type { Figure, SuiteOptions } from "../figure.ts";
import { pairedRates } from "../measure.ts";
import { ownCommand, type Peer, startPeer } from "../peers/process.ts";
import { openRuntime, silent } from "../runtime.ts";

const serverName = "bench.test";

type Synapse = Peer<{ readonly url: string } | { readonly missing: string }>;

/** The Synapse of the live run, with our registration. */
function startSynapse(folder: string, registration: string): Promise<Synapse> {
  const script = resolve(import.meta.dirname, "../../../../scripts/live/synapse-serve.ts");
  return startPeer(ownCommand(script, [join(folder, "synapse"), serverName, registration]), { cwd: folder });
}

/** Messages sent through the service's HTTP API to a real Synapse, against calling Synapse for the same ghost. */
export async function sends({ seconds, folder }: SuiteOptions): Promise<readonly Figure[]> {
  const name = "messages sent through Synapse";
  const hooks = { fetch: (_: Request): Response | Promise<Response> => new Response(null, { status: 503 }) };
  const hooksServer = await listen((request) => hooks.fetch(request), { port: 0 });
  const registration = {
    ...createRegistration({
      id: "botyard",
      url: `${hooksServer.url}/hooks/matrix`,
      serverName,
      bot: "botyard",
      users: ["bot_.*"],
    }),
    rateLimited: false,
  };
  const file = join(folder, "registration.yaml");
  writeFileSync(file, toYaml(registration));
  const synapse = await startSynapse(folder, file).catch((error: unknown) => String(error));
  if (typeof synapse === "string" || "missing" in synapse.ready) {
    await hooksServer.close({ drainMs: 0 });
    const why = typeof synapse === "string" ? synapse : "missing" in synapse.ready ? synapse.ready.missing : "";
    return [{ name, value: 0, unit: "sends/s", note: `not run: ${why.split("\n")[0] ?? ""}` }];
  }
  const { url } = synapse.ready;

  const figures: Figure[] = [];
  for (const durability of ["full", "normal"] as const) {
    const { runtime, call } = await openRuntime({
      platforms: [matrix],
      store: { path: join(folder, `sends-${durability}.db`), durability },
      hooksUrl: hooksServer.url,
    });
    hooks.fetch = createHooksApp(runtime, { log: silent }).fetch;
    await runtime.start();
    await call("connections.create", { platform: "matrix", url, import: { registration: toYaml(registration) } });
    await call("bots.create", { connection: "matrix", handle: "helper" });
    const { id: room } = (await call("rooms.create", { connection: "matrix", name: "bench", as: "helper" })) as {
      id: string;
    };
    const { secret } = (await call("keys.create", { name: "bench", preset: "bot" })) as { secret: string };
    const api = await listen(createApp(runtime, { log: silent, listenHost: "127.0.0.1" }).fetch, { port: 0 });

    const place = `${api.url}/v1/connections/matrix/rooms/${encodeURIComponent(room)}/messages`;
    const through = (): Promise<void> => send("POST", place, secret, { text: "restart the build", as: "helper" });
    let n = 0;
    const direct = (): Promise<void> => {
      n += 1;
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${durability}${n}`;
      const query = `user_id=${encodeURIComponent(`@bot_helper:${serverName}`)}`;
      const content = { msgtype: "m.text", body: "restart the build" };
      return send("PUT", `${url}${path}?${query}`, registration.asToken, content);
    };
    for (const lanes of [1, 8]) {
      const { a, b } = await pairedRates(through, direct, { seconds: seconds * 2, lanes, rounds: 5 });
      figures.push({
        name: `${name}, ${lanes} at a time, ${durability}`,
        value: a,
        unit: "sends/s",
        against: { name: "Synapse itself", value: b },
        goal: { kind: "atLeast", value: 0.95 },
        note: "HTTP API, ledger and echo through the log; the homeserver pushes each message to us in both cases",
      });
    }
    await api.close({ drainMs: 0 });
    await runtime.close({ drainMs: 0 });
  }
  await synapse.close();
  await hooksServer.close({ drainMs: 0 });
  return figures;
}

async function send(method: string, url: string, token: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 300)}`);
}
