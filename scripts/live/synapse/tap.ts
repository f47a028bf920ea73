import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

/**
 * A plain proxy between Synapse and Botyard's hooks listener, as an operator would have one there.
 * It remembers what was acknowledged, and can lose answers.
 */
export interface Tap {
  readonly url: string;
  /** Ids of the events in transactions that Botyard answered 2xx: from there on they are ours to keep. */
  acknowledged(): ReadonlySet<string>;
  /** From now on this many transactions: Botyard's answer is thrown away, so that Synapse repeats them. */
  loseAnswers(count: number): void;
  /** From now on this many transactions reach Botyard twice at once. */
  sendTwice(count: number): void;
  /** How often each fault has struck. */
  readonly struck: { lost: number; doubled: number };
  close(): Promise<void>;
}

/** Starts the proxy on loopback in front of `targetPort`. */
export async function createTap(port: number, targetPort: number): Promise<Tap> {
  const acknowledged = new Set<string>();
  const struck = { lost: 0, doubled: 0 };
  let losing = 0;
  let doubling = 0;

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const ids = eventIdsOf(incoming, body);
    try {
      const [answer] = await Promise.all([pass(incoming, body), ids.length > 0 && doubling > 0 ? again() : undefined]);
      if (ids.length > 0 && answer.status < 300) {
        for (const id of ids) acknowledged.add(id);
        if (losing > 0) {
          losing--;
          struck.lost++;
          return void outgoing.destroy();
        }
      }
      outgoing.writeHead(answer.status, { "content-type": answer.type }).end(answer.body);
    } catch {
      refuse(outgoing);
    }

    function again(): Promise<Passed> {
      doubling--;
      struck.doubled++;
      return pass(incoming, body);
    }
  }

  function pass(incoming: IncomingMessage, body: Buffer): Promise<Passed> {
    return new Promise((resolve, reject) => {
      const { host: _, connection: __, ...headers } = incoming.headers;
      const options = {
        host: "127.0.0.1",
        port: targetPort,
        method: incoming.method,
        path: incoming.url,
        headers,
        agent: false,
      };
      const sent = forward(options, (response) => {
        const type = response.headers["content-type"] ?? "application/json";
        const status = response.statusCode ?? 502;
        buffer(response).then((body) => resolve({ status, type, body }), reject);
      });
      sent.once("error", reject);
      sent.end(body);
    });
  }

  const server = createServer((incoming, outgoing) => {
    // A killed Synapse leaves half a request behind.
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    acknowledged: () => acknowledged,
    loseAnswers: (count) => void (losing = count),
    sendTwice: (count) => void (doubling = count),
    struck,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Passed {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

function eventIdsOf(incoming: IncomingMessage, body: Buffer): string[] {
  if (incoming.method !== "PUT" || !incoming.url?.includes("/_matrix/app/v1/transactions/")) return [];
  const { events } = JSON.parse(body.toString()) as { events: { event_id: string }[] };
  return events.map((event) => event.event_id);
}

function refuse(outgoing: ServerResponse): void {
  outgoing
    .writeHead(502, { "content-type": "application/json" })
    .end('{"errcode":"M_UNKNOWN","error":"no answer behind the proxy"}');
}
