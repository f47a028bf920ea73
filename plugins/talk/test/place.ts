import type { Drive, DriveTools, Place } from "@botyard/testing";
import { addUser, createNextcloud, type Nextcloud, type NextcloudOptions } from "../src/simulator/index.ts";

let places = 0;

/** Webhooks of the simulator as the core gets them from its listener. */
function toHook(tools: () => DriveTools | undefined, connection = "talk") {
  return async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const answer = await tools()?.hook({
      method: request.method,
      path: url.pathname.slice(`/hooks/${connection}`.length),
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(request.headers),
      body: new Uint8Array(await request.arrayBuffer()),
    });
    if (answer === undefined) throw new TypeError("connection refused");
    return Response.json(answer.json ?? {}, { status: answer.status });
  };
}

/** A fresh Nextcloud: an administrator who owns a room, and a person in it. */
export function talkPlace(options: Partial<NextcloudOptions> = {}): Place & { readonly cloud: Nextcloud } {
  let tools: DriveTools | undefined;
  places += 1;
  const url = `https://cloud${places}.test`;
  const cloud = createNextcloud({ url, push: toHook(() => tools), ...options });
  const admin = addUser(cloud.world, "ops", { admin: true });
  const alice = addUser(cloud.world, "alice");
  admin.appPasswords.add("app-password-of-ops");
  const room = cloud.room("Ops", [admin, alice]);

  const drive: Drive = {
    room: room.token,
    person: "users/alice",
    async say(token, text, { replyTo } = {}) {
      const found = cloud.world.rooms.get(token);
      if (!found) throw new Error(`no room ${token}`);
      return String(await cloud.say(found, alice, text, replyTo === undefined ? undefined : Number(replyTo)));
    },
    async operate(step) {
      const { exit, stdout, stderr } = await cloud.occ(step.run.command ?? "");
      if (exit !== 0) throw new Error(`occ ended with ${exit}: ${stdout}${stderr}`);
    },
    async transcript(token) {
      const found = cloud.world.rooms.get(token)?.messages ?? [];
      return found
        .filter(({ messageType, deleted }) => messageType === "comment" && !deleted)
        .map(({ message }) => message);
    },
    async loseAnswer() {
      cloud.world.faults.push({ kind: "lose-answer", path: /\/bot\/[a-z0-9]+\/message$/ });
    },
  };
  return {
    cloud,
    url,
    credentials: { "app-password": "ops:app-password-of-ops" },
    fetch: (request) => cloud.fetch(request),
    drive(given) {
      tools = given;
      return drive;
    },
  };
}
