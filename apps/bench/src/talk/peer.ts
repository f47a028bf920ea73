// peer.ts <folder> <file | memory>
// A service with one installed Talk bot behind the real hooks listener, its database in the folder or nothing kept on disk.
// Prints {"port": …, "settings": …} for the load; ends with its input.
import { join } from "node:path";
import { createHooksApp, listen } from "@botyard/http";
import type { Step } from "@botyard/sdk";
import talk from "@botyard/talk";
import { addUser, createNextcloud } from "@botyard/talk/simulator";
import { openRuntime, silent } from "../runtime.ts";
import type { TalkSettings } from "./requests.ts";

const [folder = ".", store = "file"] = process.argv.slice(2);
const cloud = createNextcloud({ url: "https://cloud.test", push: async () => Response.json({}) });
const admin = addUser(cloud.world, "ops", { admin: true });
admin.appPasswords.add("app-password-of-ops");
const room = cloud.room("Ops", [admin]);
const { runtime, call } = await openRuntime({
  platforms: [talk],
  store: store === "file" ? { path: join(folder, "talk.db"), durability: "normal" } : { memory: true },
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
const hooks = createHooksApp(runtime, { log: silent });
const { port } = await listen((request) => hooks.fetch(request), { port: 0 });
const settings = { secret, room: room.token, path: "/hooks/talk/helper/1" } satisfies TalkSettings;
process.stdout.write(`${JSON.stringify({ port, settings })}\n`);
process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
