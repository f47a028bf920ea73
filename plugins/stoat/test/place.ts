import type { Drive, DriveTools, Place } from "@botyard/testing";
import { bitsOf } from "../src/rules.ts";
import { createSimulator, type Simulator, type WorldOptions } from "../src/simulator/index.ts";
import { serveGateway } from "../src/simulator/loopback.ts";
import { put } from "../src/simulator/messages.ts";
import { joinServer, makeServer } from "../src/simulator/servers.ts";

/** What bots of the suite may do besides what new servers let everybody do. */
const generous = bitsOf([
  "ViewChannel",
  "ReadMessageHistory",
  "SendMessage",
  "SendEmbeds",
  "UploadFiles",
  "React",
  "ManageChannel",
  "ManageMessages",
  "KickMembers",
  "BanMembers",
  "InviteOthers",
]);

export interface StoatPlace extends Place {
  readonly sim: Simulator;
}

/** A fresh instance with an owner, a person and a server with one channel, for the contract suite. */
export async function stoatPlace(options: WorldOptions = {}): Promise<StoatPlace> {
  const sim = createSimulator({
    rateLimits: false,
    bots: { whileNew: 500, later: 500 },
    defaultPermissions: generous,
    ...options,
  });
  const loopback = await serveGateway(sim.gateway);
  sim.world.options = { ...sim.world.options, gateway: loopback.url };
  const { world } = sim;
  const owner = sim.person("olga");
  const alice = sim.person("alice");
  const { server } = makeServer(world, owner.id, "Community");
  joinServer(world, server, alice.id);

  const drive = (_tools: DriveTools): Drive => ({
    room: "community:general",
    person: alice.id,
    echoes: true,
    replies: true,
    mention: (username) => {
      const user = [...world.users.values()].find((one) => one.username === username);
      return `<@${user?._id ?? ""}>`;
    },
    async say(room, text, { replyTo } = {}) {
      const place = world.channels.get(room);
      if (!place) throw new Error(`there is no channel ${room}`);
      const replies = replyTo === undefined ? [] : [{ id: replyTo, mention: false }];
      return put(world, place, alice.id, { content: text, replies }, world.id())._id;
    },
    async transcript(room) {
      return (world.messages.get(room) ?? []).map(({ content = "" }) => content);
    },
    async loseAnswer() {
      sim.fault({ kind: "lose-answer", fits: ({ method, url }) => method === "POST" && url.endsWith("/messages") });
    },
    async cut() {
      sim.gateway.cut();
    },
  });
  return {
    sim,
    url: "https://stoat.test",
    credentials: { "owner-session": owner.token },
    fetch: (request) => sim.fetch(request),
    drive,
    close: () => loopback.close(),
  };
}
