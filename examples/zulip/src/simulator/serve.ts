// bun src/simulator/serve.ts [port]
// The simulator as a server of its own on this machine: prints one line of JSON with where it is and how to sign in.
// `POST /control` plays what a test cannot do over the API: `{"do":"say","text":"hi"}`, `{"do":"expire"}`, `{"do":"cut"}`.
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { createSimulator } from "./index.ts";

const zulip = createSimulator();
const general = zulip.addChannel("general");
const alice = zulip.addPerson("Alice", general);
const lobby = { stream: general.stream_id, topic: "lobby" };
zulip.say(alice, lobby, "first");

interface Order {
  readonly do: "say" | "expire" | "cut" | "lose-answer" | "transcript";
  readonly text?: string;
}

function obey(order: Order): object {
  if (order.do === "say") return { message: String(zulip.say(alice, lobby, order.text ?? "").id) };
  if (order.do === "expire") zulip.expireQueues();
  if (order.do === "cut") zulip.cut();
  if (order.do === "lose-answer") zulip.loseAnswer();
  return { texts: zulip.transcript(lobby.stream, lobby.topic) };
}

async function answer(request: Request): Promise<Response> {
  if (new URL(request.url).pathname === "/control") return Response.json(obey((await request.json()) as Order));
  return zulip.fetch(request);
}

const server = createServer((incoming, outgoing) => {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const { method = "GET", url = "/" } = incoming;
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const body = method === "GET" ? {} : { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" };
  const request = new Request(`http://127.0.0.1${url}`, {
    method,
    headers,
    signal: gone.signal,
    ...body,
  } as RequestInit);
  void answer(request)
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
  const place = { url: `http://127.0.0.1:${address.port}`, adminKey: zulip.adminKey, person: String(alice.user_id) };
  process.stdout.write(`${JSON.stringify({ ...place, room: `${lobby.stream}:${lobby.topic}` })}\n`);
});
