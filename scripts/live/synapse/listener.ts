import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

/** A bare application service: takes transactions on loopback and remembers their events. */
export interface Listener {
  readonly url: string;
  /** Ids and texts of the events taken so far, in order of arrival, repeats included. */
  taken(): readonly TakenEvent[];
  /** Answers 503 from now on (`true`) or takes transactions again (`false`). */
  refuse(refusing: boolean): void;
  /** How many requests were refused so. */
  refused(): number;
  close(): Promise<void>;
}

/** What the harness reads of a pushed event. */
export interface TakenEvent {
  readonly event_id: string;
  readonly type: string;
  readonly content: { readonly body?: string };
}

/** Starts a listener that wants this `hsToken`. */
export async function createListener(hsToken: string, port: number): Promise<Listener> {
  const events: TakenEvent[] = [];
  let refusing = false;
  let refused = 0;

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const status = request.headers.authorization !== `Bearer ${hsToken}` ? 403 : refusing ? 503 : 200;
    if (status === 503) refused++;
    if (status === 200 && request.url?.startsWith("/_matrix/app/v1/transactions/")) {
      const { events: pushed } = JSON.parse(body.toString()) as { events: TakenEvent[] };
      events.push(...pushed);
    }
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  }

  const server = createServer((request, response) => {
    // A killed Synapse leaves half a request behind.
    take(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    taken: () => events,
    refuse: (wanted) => void (refusing = wanted),
    refused: () => refused,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
