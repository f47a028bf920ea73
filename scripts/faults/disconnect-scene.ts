import { join } from "node:path";
import { createLogger } from "../../packages/core/src/host/logger.ts";
import { createRedactor } from "../../packages/core/src/host/redact.ts";
import { createRuntime } from "../../packages/core/src/runtime.ts";
import { createMemorySealer } from "../../packages/core/src/secrets/seal.ts";
import { openStore } from "../../packages/core/src/store/open-store.ts";
import mattermost from "../../plugins/mattermost/src/index.ts";
import {
  addChannel,
  addPost,
  addTeam,
  addToken,
  addUser,
  createSimulator,
  joinTeam,
  seed,
} from "../../plugins/mattermost/src/simulator/index.ts";
import type { Said } from "./disconnect-check.ts";
import { createFastClock } from "./fast-clock.ts";
import type { Random } from "./random.ts";

/** The bots. */
export const handles = ["one", "two", "three", "four"] as const;

/** A simulated Mattermost with a room of four bots, on a clock that runs twenty times as fast. */
export async function openScene(folder: string, random: Random) {
  const clock = createFastClock(20);
  const sim = createSimulator({ now: clock.now });
  sim.faults.setLoginCut(100);
  const { admin, token } = seed(sim);
  const alice = addUser(sim.world, { username: "alice" });
  const { token: aliceToken } = addToken(sim.world, alice.id, "faults");
  const team = addTeam(sim.world, "eng", "Engineering", admin);
  joinTeam(sim.world, team, alice.id);
  const room = addChannel(sim.world, { team_id: team.id, name: "ops", display_name: "Ops", type: "O" }, admin);
  room.members.set(alice.id, { roles: "channel_user" });
  const listener = await sim.listen();
  const sealer = createMemorySealer();
  const redactor = createRedactor();

  const start = async () => {
    const runtime = await createRuntime({
      version: "faults",
      platforms: [mattermost],
      store: await openStore({ path: join(folder, "botyard.db"), durability: "normal" }),
      sealer,
      logger: createLogger({ format: "json", level: "silent", redactor }),
      redactor,
      receive: true,
      clock,
      hooksUrl: "http://127.0.0.1:9",
      fetch: async (input, init) =>
        sim.fetch(
          new Request(String(input instanceof Request ? input.url : input), input instanceof Request ? input : init),
        ),
    });
    await runtime.start();
    return runtime;
  };
  let runtime = await start();
  const call = async <T = unknown>(operation: string, input: Record<string, unknown>): Promise<T> =>
    (await runtime.invoke(operation, input, { principal: runtime.local, request: "req_faults" })).value as T;
  await call("connections.create", {
    id: "chat",
    platform: "mattermost",
    url: listener.url,
    credentials: { "admin-token": token },
  });
  const ids = new Map<string, string>();
  for (const handle of handles) {
    const { nativeId } = await call<{ nativeId: string }>("bots.create", { connection: "chat", handle });
    ids.set(handle, nativeId);
    await call("rooms.add-bot", { connection: "chat", room: room.id, bot: handle });
  }
  await call("consumers.put", { consumer: "checker", start: "now", own: true });

  const said: Said[] = [];
  const say = (): void => {
    const text = `said ${said.length}`;
    said.push({ id: addPost(sim.world, room, alice, { message: text }).id, text, edited: false, deleted: false });
  };
  const ask = async (method: string, path: string, body?: object, as = aliceToken): Promise<void> => {
    const response = await sim.fetch(
      new Request(`http://chat.test/api/v4${path}`, {
        method,
        headers: { authorization: `Bearer ${as}` },
        ...(body ? { body: JSON.stringify(body) } : {}),
      }),
    );
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
  };
  /** Changes or deletes one of the newest messages. */
  const change = async (): Promise<void> => {
    const one = said[said.length - 1 - random.int(0, Math.min(8, said.length - 1))];
    if (!one || one.deleted) return;
    if (random.chance(0.3)) {
      one.deleted = true;
      return ask("DELETE", `/posts/${one.id}`);
    }
    one.text = `${one.text.split(",")[0]}, changed ${random.int(1, 1e9)}`;
    one.edited = true;
    return ask("PUT", `/posts/${one.id}/patch`, { message: one.text });
  };

  return {
    sim,
    ids,
    said,
    say,
    change,
    call,
    administer: (method: string, path: string, body: object) => ask(method, path, body, token),
    /** Ids of the bots' tokens. */
    tokens: async () =>
      [...sim.world.tokens.values()].filter(({ user_id: of }) => [...ids.values()].includes(of)).map(({ id }) => id),
    /** When each bot's socket was last known to hear, as the core noted it; null: never yet. */
    heardAt: () =>
      Promise.all(handles.map((handle) => runtime.core.store.pluginGet("chat", `~alive/${handle}`))) as Promise<
        readonly (string | null)[]
      >,
    async restart() {
      await runtime.close({ drainMs: 0 });
      runtime = await start();
    },
    async close() {
      await runtime.close({ drainMs: 0 });
      await listener.close();
    },
  };
}
