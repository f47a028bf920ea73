// botyard-peer.ts <folder> <durability> <hs_token>
// The service with one Matrix connection, its database in the folder. Prints {"url": …, "rooms": […]} when it listens; ends with its input.
import { join } from "node:path";
import { createHooksApp, listen } from "@botyard/http";
import matrix, { createRegistration, toYaml } from "@botyard/matrix-appservice";
import { addHuman, createHomeserver } from "@botyard/matrix-appservice/simulator";
import { openRuntime } from "../../runtime.ts";

const [folder = ".", durability = "full", hsToken = ""] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error: console.error };

const registration = {
  ...createRegistration({
    id: "botyard",
    url: "http://bots.test/hooks/matrix",
    serverName: "hs.test",
    bot: "botyard",
    users: ["bot_.*"],
  }),
  hsToken,
};
const hooks = { fetch: async (_: Request): Promise<Response> => Response.json({}) };
const hs = createHomeserver({ serverName: "hs.test", registration, push: (request) => hooks.fetch(request) });
addHuman(hs, "alice");
const { runtime, call } = await openRuntime({
  platforms: [matrix],
  store: { path: join(folder, "matrix.db"), durability: durability === "full" ? "full" : "normal" },
  hooksUrl: "http://bots.test",
  simulator: hs,
});
const app = createHooksApp(runtime, { log });
const server = await listen((request) => app.fetch(request), { port: 0 });
hooks.fetch = (request) =>
  fetch(new Request(request.url.replace("http://bots.test", server.url), request)) as Promise<Response>;
await runtime.start();
await call("connections.create", {
  platform: "matrix",
  url: "http://hs.test",
  import: { registration: toYaml(registration) },
});
await call("bots.create", { connection: "matrix", handle: "helper" });
const rooms: string[] = [];
for (let at = 0; at < 10; at += 1) {
  const wish = { connection: "matrix", name: `Room ${at}`, as: "helper" };
  rooms.push(((await call("rooms.create", wish)) as { id: string }).id);
}
process.stdout.write(`${JSON.stringify({ url: `${server.url}/hooks/matrix/_matrix/app/v1`, rooms })}\n`);
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
