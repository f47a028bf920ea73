// A receiver of webhooks, with the library of Standard Webhooks. Runs on Bun, Deno and Node.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { Webhook } from "standardwebhooks";

interface Event {
  readonly type: string;
  readonly content?: { readonly text: string };
}

const webhook = new Webhook(process.env["WEBHOOK_SECRET"] ?? "");
const handled = new Set<string>();

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part: string) => (body += part));
  request.on("end", () => {
    let event: Event;
    try {
      event = webhook.verify(body, request.headers as Record<string, string>) as Event;
    } catch {
      response.writeHead(401).end();
      return;
    }
    response.writeHead(204).end();
    const id = String(request.headers["webhook-id"]);
    if (handled.has(id)) return;
    handled.add(id);
    console.log(`${id} ${event.type} ${event.content?.text ?? ""}`);
  });
});

server.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
