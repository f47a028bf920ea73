// bun src/simulator/serve.ts [port]
// The simulator as a server of its own, to connect a Botyard to: prints two lines to paste into another terminal. What is
// typed here is said in its lobby by alice.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { createSimulator } from "./index.ts";

const simulator = createSimulator();
const { room_id } = simulator.addRoom("lobby");
const alice = simulator.addUser("alice", room_id);

const server = createServer((incoming, outgoing) => {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const { method = "GET", url = "/" } = incoming;
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const body = method === "GET" ? {} : { body: Readable.toWeb(incoming), duplex: "half" };
  const init = { method, headers, signal: gone.signal, ...body } as RequestInit;
  simulator
    .fetch(new Request(`http://127.0.0.1${url}`, init))
    .then(async (response) => {
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(new Uint8Array(await response.arrayBuffer()));
    })
    // What breaks off in the simulator breaks off on the line.
    .catch(() => outgoing.destroy());
});

server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  process.stdout.write(`export URL=http://127.0.0.1:${address.port}\nexport ADMIN_KEY=${simulator.adminKey}\n`);
});
createInterface({ input: process.stdin }).on("line", (text) => void simulator.say(room_id, alice, text));
