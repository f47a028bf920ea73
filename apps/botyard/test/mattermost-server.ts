import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import {
  addChannel,
  addPost,
  addTeam,
  addUser,
  createSimulator,
  joinTeam,
  seed,
  type Simulator,
} from "@botyard/mattermost/simulator";

/** A Mattermost of the simulator at an address, for programs that only know addresses. */
export interface MattermostServer {
  readonly sim: Simulator;
  readonly url: string;
  readonly adminToken: string;
  /** A person writes into `eng:ops`. */
  say(text: string): void;
  /** An account of a person who is no administrator. */
  person(username: string): { readonly id: string };
  /** What an administrator does in the System Console; the bots the person owns are disabled with them. */
  deactivate(id: string): Promise<void>;
  close(): Promise<void>;
}

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};

/** One address for calls and for WebSockets, as a real server has; a team `eng` with the room `ops`. */
export async function startMattermost(): Promise<MattermostServer> {
  const sim = createSimulator();
  const { admin, token } = seed(sim);
  const team = addTeam(sim.world, "eng", "Engineering", admin);
  const room = addChannel(sim.world, { team_id: team.id, name: "ops", display_name: "Ops", type: "O" }, admin);
  const person = (username: string) => {
    const user = addUser(sim.world, { username, password: "Secret 2026" });
    joinTeam(sim.world, team, user.id);
    room.members.set(user.id, { roles: "channel_user" });
    return user;
  };
  const alice = person("alice");
  const sockets = await sim.listen();
  const calls = createHttp((request, response) => void answer(sim, request, response));
  const open = new Set<Socket>();
  const callPort = await listening(calls);
  // Which of the two is meant is in the first line of a connection.
  const front = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.once("data", (first: Buffer) => {
      // What comes before the pipe is there would be lost: a body often is a packet of its own.
      socket.pause();
      const isSocket = first.toString("latin1").startsWith("GET /api/v4/websocket");
      const behind = connect(isSocket ? Number(new URL(sockets.url).port) : callPort, "127.0.0.1", () => {
        behind.write(first);
        socket.pipe(behind).pipe(socket);
      });
      open.add(behind);
      behind.once("close", () => open.delete(behind));
      behind.on("error", () => socket.destroy());
      behind.on("close", () => socket.destroy());
    });
  });
  const url = `http://127.0.0.1:${await listening(front)}`;
  return {
    sim,
    url,
    adminToken: token,
    say: (text) => void addPost(sim.world, room, alice, { message: text, root_id: "" }),
    person,
    async deactivate(id) {
      const { status } = await sim.fetch(
        new Request(`http://chat.test/api/v4/users/${id}/active`, {
          method: "PUT",
          headers: { authorization: `Bearer ${token}` },
          body: JSON.stringify({ active: false }),
        }),
      );
      // A real server closes the sockets of those it has signed out only when they send; proving it alive takes a minute.
      sim.hub.cut();
      if (status !== 200) throw new Error(`deactivating answered ${status}`);
    },
    async close() {
      for (const socket of open) socket.destroy();
      await Promise.all([
        sockets.close(),
        ...[front, calls].map((server) => new Promise<void>((done) => server.close(() => done()))),
      ]);
    },
  };
}

async function answer(sim: Simulator, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[name, value]] : [],
  );
  const method = request.method ?? "GET";
  const hasBody = method !== "GET" && method !== "HEAD";
  try {
    const answered = await sim.fetch(
      new Request(`http://chat.test${request.url ?? "/"}`, {
        method,
        headers: headers.filter(
          ([name]) => !["host", "connection", "content-length", "transfer-encoding"].includes(name),
        ),
        ...(hasBody ? { body: Buffer.concat(parts) } : {}),
      }),
    );
    response.writeHead(answered.status, Object.fromEntries(answered.headers));
    response.end(new Uint8Array(await answered.arrayBuffer()));
  } catch {
    response.destroy();
  }
}
