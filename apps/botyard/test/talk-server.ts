import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { addUser, createNextcloud, type Nextcloud } from "@botyard/talk/simulator";

/** A Nextcloud of the simulator at an address, for programs that only know addresses; its webhooks go out for real. */
export interface TalkServer {
  readonly cloud: Nextcloud;
  readonly url: string;
  /** Of the administrator, as `name:password`. */
  readonly admin: string;
  /** Token of a room of the administrator and a person. */
  readonly room: string;
  /** The person writes into the room. */
  say(text: string): Promise<void>;
  /** What stands in the room. */
  texts(): readonly string[];
  close(): Promise<void>;
}

export async function startTalk(): Promise<TalkServer> {
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const { method = "GET" } = request;
      const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === "string" ? [[name, value]] : [],
      );
      const answer = await cloud.fetch(
        new Request(`${url}${request.url ?? "/"}`, {
          method,
          headers,
          ...(method === "GET" || parts.length === 0 ? {} : { body: Buffer.concat(parts) }),
        }),
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cloud = createNextcloud({ url, push: (request) => fetch(request) });
  const admin = addUser(cloud.world, "ops", { admin: true });
  const alice = addUser(cloud.world, "alice");
  admin.appPasswords.add("app-password-of-ops");
  const room = cloud.room("Ops", [admin, alice]);
  return {
    cloud,
    url,
    admin: "ops:app-password-of-ops",
    room: room.token,
    async say(text) {
      await cloud.say(room, alice, text);
    },
    texts: () => room.messages.map(({ message }) => message),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
