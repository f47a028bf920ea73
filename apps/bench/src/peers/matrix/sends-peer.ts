// sends-peer.ts <folder> <durability> <homeserver> <registration file> <hooks port>
// The service as it runs in production: API and hooks listener over one Matrix connection, its database in the folder.
// Prints {"url": …, "key": …, "room": …} when a bot of it may write in a room of its own; ends with its input.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createApp, createHooksApp, listen } from "@botyard/http";
import matrix from "@botyard/matrix-appservice";
import { openRuntime, silent } from "../../runtime.ts";

const [folder = ".", durability = "full", homeserver = "", registration = "", hooksPort = "0"] = process.argv.slice(2);
const { runtime, call } = await openRuntime({
  platforms: [matrix],
  store: { path: join(folder, `sends-${durability}.db`), durability: durability === "full" ? "full" : "normal" },
  hooksUrl: `http://127.0.0.1:${hooksPort}`,
});
await listen(createHooksApp(runtime, { log: silent }).fetch, { port: Number(hooksPort) });
await runtime.start();
const wish = { platform: "matrix", url: homeserver, import: { registration: readFileSync(registration, "utf8") } };
await call("connections.create", wish);
await call("bots.create", { connection: "matrix", handle: "helper" });
const { id: room } = (await call("rooms.create", { connection: "matrix", name: "bench", as: "helper" })) as {
  id: string;
};
const { secret: key } = (await call("keys.create", { name: "bench", preset: "bot" })) as { secret: string };
const api = await listen(createApp(runtime, { log: silent, listenHost: "127.0.0.1" }).fetch, { port: 0 });
process.stdout.write(`${JSON.stringify({ url: api.url, key, room })}\n`);
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
