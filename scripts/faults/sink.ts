import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { verifyWebhook } from "./verify.ts";
import type { Random } from "./random.ts";

export interface Taken {
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A program that receives webhooks, and is not always well. */
export interface Sink {
  readonly url: string;
  /** What was answered with success, in the order it came. */
  readonly taken: readonly Taken[];
  /** Requests whose signature did not fit. */
  readonly forged: () => number;
  /** How it behaves from now on: returns the name of it. */
  disturb(): string;
  heal(): void;
  secret(text: string): void;
  close(): Promise<void>;
}

const moods = ["well", "500", "503", "429", "hang", "slow", "half", "reset", "sometimes"] as const;

export async function createSink(random: Random): Promise<Sink> {
  const taken: Taken[] = [];
  let mood: (typeof moods)[number] = "well";
  let secret = "";
  let forged = 0;
  const server = createServer((incoming, outgoing) => {
    let text = "";
    incoming.on("data", (part: Buffer) => (text += part.toString()));
    incoming.on("end", () => {
      // The first ones come before whoever made the webhook knows its secret.
      if (secret === "") return void outgoing.writeHead(503).end();
      if (!verifyWebhook(secret, incoming.headers as Record<string, string>, text)) {
        forged += 1;
        return void outgoing.writeHead(401).end();
      }
      answer(outgoing, () =>
        taken.push({ id: String(incoming.headers["webhook-id"]), body: JSON.parse(text) as Taken["body"] }),
      );
    });
    incoming.on("error", () => {});
  });

  function answer(outgoing: ServerResponse, take: () => void): void {
    const fails = mood === "sometimes" ? random.chance(0.4) : mood !== "well" && mood !== "slow" && mood !== "half";
    if (!fails) take();
    if (mood === "hang" && fails) return; // until the other side gives up
    if (mood === "reset" && fails) return void outgoing.destroy();
    if (mood === "429") return void outgoing.writeHead(429, { "retry-after": "1" }).end();
    if (fails) return void outgoing.writeHead(mood === "503" ? 503 : 500).end("no");
    if (mood === "slow") return void setTimeout(() => outgoing.writeHead(200).end("ok"), 60);
    if (mood === "half") {
      outgoing.writeHead(200, { "content-length": "100" });
      outgoing.write("half");
      return void setTimeout(() => outgoing.destroy(), 10);
    }
    outgoing.writeHead(204).end();
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    taken,
    forged: () => forged,
    disturb() {
      mood = random.pick(moods);
      return mood;
    },
    heal() {
      mood = "well";
      server.closeAllConnections();
    },
    secret: (text) => void (secret = text),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
