import type { Random } from "./random.ts";
import type { ServiceProcess } from "./service.ts";

export interface Seen {
  readonly event: string;
  readonly seq: number;
  readonly type: string;
  readonly connection: string;
  readonly room: string;
  readonly message: string | null;
  readonly text: string | null;
  readonly own: boolean;
}

/** Of the JSON of an event, by whichever way it came. */
export function toSeen(event: Readonly<Record<string, unknown>>): Seen {
  const part = (name: string): Readonly<Record<string, unknown>> =>
    (event[name] ?? {}) as Readonly<Record<string, unknown>>;
  return {
    event: String(event["id"]),
    seq: Number(event["seq"]),
    type: String(event["type"]),
    connection: String(event["connection"]),
    room: (part("room")["id"] as string | undefined) ?? "",
    message: (part("message")["id"] as string | undefined) ?? null,
    text: (part("content")["text"] as string | undefined) ?? null,
    own: event["own"] === true,
  };
}

/** A bot program that reads by pull. It forgets now and then to say how far it came, as one does that dies. */
export function createReader(service: ServiceProcess, random: Random) {
  const seen: Seen[] = [];
  let cursor = "";
  return {
    seen,
    /** Reads one page; false when there was nothing. Throws where the service does not answer. */
    async read(): Promise<boolean> {
      const page = await service.call("GET", "/v1/consumers/checker/events?limit=50&waitMs=50");
      if (page.status !== 200) throw new Error(`consumers.events: ${page.status} ${JSON.stringify(page.body)}`);
      const items = page.body["items"] as readonly Readonly<Record<string, unknown>>[];
      seen.push(...items.map(toSeen));
      cursor = String(page.body["cursor"]);
      if (random.chance(0.2)) return true;
      const acked = await service.call("POST", "/v1/consumers/checker/ack", { cursor });
      if (acked.status !== 200) throw new Error(`consumers.ack: ${acked.status} ${JSON.stringify(acked.body)}`);
      return items.length > 0;
    },
  };
}
