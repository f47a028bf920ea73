import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createRegistration, toYaml } from "../../plugins/matrix-appservice/src/index.ts";
import { addHuman, createHomeserver } from "../../plugins/matrix-appservice/src/simulator/index.ts";
import type { Random } from "./random.ts";

/** The Matrix simulator behind a real socket, with a link that can be cut, and a person who writes. */
export interface FaultyHomeserver {
  readonly url: string;
  readonly registration: string;
  readonly room: string;
  /** Returns the event's id; the homeserver delivers it until it is taken. */
  say(text: string): Promise<string>;
  /** Breaks requests of Botyard on the way: returns what it did. */
  disturb(random: Random): string;
  heal(): void;
  /** What waits is pushed again. */
  retry(): Promise<void>;
  /** Events whose transaction was answered with success. */
  acknowledged(): ReadonlySet<string>;
  /** Texts of all messages in the room, in order. */
  texts(): readonly string[];
  /** Transactions that arrived a second time on purpose. */
  repeated(): number;
  close(): Promise<void>;
}

const textOf = (content: Readonly<Record<string, unknown>>): string => (content["body"] as string | undefined) ?? "";

export async function createFaultyHomeserver(hooksUrl: string, random: Random): Promise<FaultyHomeserver> {
  const registration = createRegistration({
    id: "botyard",
    url: `${hooksUrl}/hooks/hs`,
    serverName: "hs.test",
    bot: "botyard",
    users: ["bot_.*"],
  });
  let repeats = 0;
  let doubling = false;
  let half = 0;
  const hs = createHomeserver({
    serverName: "hs.test",
    registration,
    async push(request) {
      const again = doubling && request.url.includes("/transactions/") ? request.clone() : null;
      const answer = await fetch(request, { signal: AbortSignal.timeout(5_000) });
      if (again && answer.ok) {
        repeats += 1;
        await fetch(again).then((second) => second.arrayBuffer());
      }
      return answer;
    },
  });
  const alice = addHuman(hs, "alice");
  let said = 0;
  const ask = async (method: string, path: string, body: object): Promise<Record<string, unknown>> => {
    const response = await hs.fetch(
      new Request(`https://hs.test/_matrix/client/v3${path}`, {
        method,
        headers: { authorization: `Bearer ${alice.token}` },
        body: JSON.stringify(body),
      }),
    );
    return (await response.json()) as Record<string, unknown>;
  };
  const { room_id: room } = await ask("POST", "/createRoom", {
    preset: "public_chat",
    name: "Ops",
    room_alias_name: "ops",
  });

  const server: Server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const url = `https://hs.test${incoming.url ?? "/"}`;
      const method = incoming.method ?? "GET";
      const headers = Object.entries(incoming.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === "string" && !["connection", "transfer-encoding", "content-length", "host"].includes(name)
          ? [[name, value]]
          : [],
      );
      const body = method === "GET" || method === "HEAD" ? {} : { body: Buffer.concat(parts) };
      hs.fetch(new Request(url, { method, headers, ...body })).then(
        async (response) => {
          const bytes = Buffer.from(await response.arrayBuffer());
          const head = Object.fromEntries(response.headers);
          if (half > 0 && method !== "GET") {
            // The head and half of the body, and then nothing.
            half -= 1;
            outgoing.writeHead(response.status, { ...head, "content-length": String(bytes.byteLength) });
            outgoing.write(bytes.subarray(0, Math.floor(bytes.byteLength / 2)));
            setTimeout(() => outgoing.destroy(), 20);
            return;
          }
          outgoing.writeHead(response.status, head).end(bytes);
        },
        () => outgoing.destroy(),
      );
    });
    incoming.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  // What people write is not disturbed: it has to be known.
  const sends = (request: Request): boolean =>
    request.url.includes("/send/") && request.headers.get("authorization") !== `Bearer ${alice.token}`;

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    registration: toYaml(registration),
    room: String(room),
    async say(text) {
      said += 1;
      const path = `/rooms/${encodeURIComponent(String(room))}/send/m.room.message/s${said}`;
      return String((await ask("PUT", path, { msgtype: "m.text", body: text }))["event_id"]);
    },
    disturb() {
      const times = random.int(1, 4);
      const kind = random.pick(["lose-answer", "down", "limit", "error", "html", "slow", "half", "double", "cut"]);
      if (kind === "double") doubling = true;
      else if (kind === "half") half = times;
      else if (kind === "cut") server.closeAllConnections();
      else if (kind === "limit")
        hs.faults.add({ kind, times: times * 3, retryAfterMs: random.int(20, 300), match: sends });
      else if (kind === "slow")
        hs.faults.add({ kind: "delay", times, ms: random.int(50, 800), when: "after", match: sends });
      else if (kind === "error")
        hs.faults.add({ kind, times, status: random.pick([500, 502, 503, 504]), match: sends });
      else hs.faults.add({ kind: kind === "lose-answer" || kind === "down" ? kind : "html", times, match: sends });
      return kind;
    },
    heal() {
      hs.faults.clear();
      doubling = false;
      half = 0;
    },
    async retry() {
      const queue = hs.queue("botyard");
      if (queue.down) await queue.retry();
      else await Promise.race([queue.settled(), new Promise((resolve) => setTimeout(resolve, 500))]);
    },
    acknowledged: () =>
      new Set(
        hs
          .queue("botyard")
          .deliveries.filter(({ status }) => status !== undefined && status < 300)
          .flatMap(({ events }) => events),
      ),
    texts: () =>
      (hs.world.rooms.get(String(room))?.events ?? [])
        .filter(({ type }) => type === "m.room.message")
        .map(({ content }) => textOf(content)),
    repeated: () => repeats,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
