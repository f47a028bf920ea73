import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createSimulator,
  joinServer,
  makeChannel,
  makeServer,
  put,
  serveGateway,
  type Simulator,
} from "@botyard/stoat/simulator";

/** A Stoat instance of the simulator at an address, for programs that only know addresses. */
export interface StoatServer {
  readonly sim: Simulator;
  readonly url: string;
  /** Session of the person who owns the server `Community` with the channels `General` and `staff`. */
  readonly session: string;
  /** A person writes into `community:general`. */
  say(text: string): void;
  /** Bots may not read the history of `community:staff` any more. */
  closeStaff(): void;
  close(): Promise<void>;
}

/** ReadMessageHistory. */
const history = 2 ** 21;

export async function startStoat(): Promise<StoatServer> {
  const sim = createSimulator();
  const owner = sim.person("olga");
  const alice = sim.person("alice");
  const { server, channel } = makeServer(sim.world, owner.id, "Community");
  const staff = makeChannel(sim.world, server, "staff");
  joinServer(sim.world, server, alice.id);
  const gateway = await serveGateway(sim.gateway);
  const calls = createServer((request, response) => {
    void bodyOf(request).then(async (body) => {
      const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const { method = "GET" } = request;
      const given = new Request(`${url}${request.url ?? "/"}`, {
        method,
        headers,
        ...(body.length > 0 ? { body } : {}),
      });
      const answer = await sim.fetch(given);
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => calls.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(calls.address() as AddressInfo).port}`;
  sim.world.options = { ...sim.world.options, api: `${url}/api`, autumn: `${url}/autumn`, gateway: gateway.url };
  return {
    sim,
    url,
    session: owner.token,
    say: (text) => void put(sim.world, channel, alice.id, { content: text }),
    closeStaff: () => void (staff.default_permissions = { a: 0, d: history }),
    async close() {
      calls.closeAllConnections();
      await new Promise<void>((resolve) => calls.close(() => resolve()));
      await gateway.close();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
