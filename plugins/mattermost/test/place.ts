import type { Drive, DriveTools, Place } from "@botyard/testing";
import {
  addChannel,
  addPost,
  addTeam,
  addToken,
  addUser,
  createSimulator,
  joinTeam,
  seed,
  type Simulator,
  type SimulatorOptions,
} from "../src/simulator/index.ts";

/** A fresh server with a person and a channel, for the contract suite and for our own tests. */
export async function mattermostPlace(
  options: SimulatorOptions & { readonly settings?: Readonly<Record<string, unknown>> } = {},
): Promise<
  Place & {
    readonly sim: Simulator;
    readonly alice: { readonly id: string; readonly token: string };
    readonly room: string;
    readonly team: string;
    readonly adminToken: string;
  }
> {
  let tools: DriveTools | undefined;
  const sim = createSimulator({
    async callOut(request) {
      const url = new URL(request.url);
      if (!tools || url.origin !== "https://bots.example.org") throw new TypeError("connection refused");
      const answer = await tools.hook({
        method: request.method,
        path: url.pathname.slice("/hooks/mattermost".length),
        query: Object.fromEntries(url.searchParams),
        headers: Object.fromEntries(request.headers),
        body: new Uint8Array(await request.arrayBuffer()),
      });
      if (answer.json === undefined) return new Response(answer.text ?? "", { status: answer.status });
      return Response.json(answer.json, { status: answer.status });
    },
    ...options,
  });
  sim.faults.setLoginCut(50);
  const { admin, token } = seed(sim);
  const alice = addUser(sim.world, { username: "alice", password: "Secret 2026" });
  const team = addTeam(sim.world, "eng", "Engineering", admin);
  joinTeam(sim.world, team, alice.id);
  const room = addChannel(sim.world, { team_id: team.id, name: "ops", display_name: "Ops", type: "O" }, admin);
  room.members.set(alice.id, { roles: "channel_user" });
  const { token: aliceToken } = addToken(sim.world, alice.id, "test");
  const listener = await sim.listen();

  const drive: Drive = {
    room: "eng:ops",
    person: alice.id,
    echoes: true,
    mention: (username) => `@${username}`,
    async say(channel, text, { replyTo } = {}) {
      const found = sim.world.channels.get(channel);
      if (!found) throw new Error(`no channel ${channel}`);
      return addPost(sim.world, found, alice, { message: text, root_id: replyTo ?? "" }).id;
    },
    async transcript(channel) {
      return [...sim.world.posts.values()]
        .filter((post) => post.channel_id === channel && post.delete_at === 0 && !post.type.startsWith("system_"))
        .map(({ message }) => message);
    },
    async loseAnswer() {
      sim.faults.add({ kind: "lose-answer", method: "POST", path: /\/posts$/ });
    },
    async cut() {
      sim.hub.cut();
    },
  };

  return {
    sim,
    alice: { id: alice.id, token: aliceToken },
    room: room.id,
    team: team.id,
    adminToken: token,
    url: listener.url,
    ...(options.settings ? { settings: options.settings } : {}),
    credentials: { "admin-token": token },
    fetch: (request) => sim.fetch(request),
    drive(given) {
      tools = given;
      return drive;
    },
    close: () => listener.close(),
  };
}
