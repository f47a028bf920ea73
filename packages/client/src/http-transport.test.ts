import type { Bytes } from "@botyard/sdk";
import { expect, it } from "vitest";
import { createClient, type Client } from "./client.ts";
import { httpTransport } from "./http-transport.ts";

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}
type Answer = (sent: Sent) => Response | Promise<Response>;

/** A service that gives these answers one after the other, the last one again and again. */
function service(...answers: Answer[]): { readonly sent: Sent[]; readonly client: Client } {
  const sent: Sent[] = [];
  const transport = httpTransport({
    url: "http://127.0.0.1:8470/",
    key: "by_key",
    fetch: async (url, init) => {
      const one = { url, init };
      sent.push(one);
      const answer = answers[Math.min(sent.length, answers.length) - 1] as Answer;
      return answer(one);
    },
  });
  return { sent, client: createClient(transport) };
}

const json = (value: unknown, status = 200): Response => Response.json(value, { status });
const events = (text: string): Response => new Response(text, { headers: { "content-type": "text/event-stream" } });
const item = (n: number): string => `id: c_${n}\nevent: message.created\ndata: {"seq":${n}}\n\n`;
const problem = (code: string, status: number, more: object = {}): Response =>
  json(
    { type: `/docs/errors#${code}`, title: "", status, code, detail: "why", effect: "none", request: "req_1", ...more },
    status,
  );

it("sends method, key, idempotency key and body, and answers with the body", async () => {
  const { sent, client } = service(() => json({ operation: "op_1" }, 201));
  const answer = await client.messages.send(
    { connection: "chat", room: "lobby", text: "hi" },
    { idempotencyKey: "once" },
  );
  expect(answer).toEqual({ operation: "op_1" });
  expect(sent[0]?.url).toBe("http://127.0.0.1:8470/v1/connections/chat/rooms/lobby/messages");
  expect(sent[0]?.init).toMatchObject({
    method: "POST",
    headers: { authorization: "Bearer by_key", "idempotency-key": "once", "content-type": "application/json" },
  });
});

it("throws a problem as the error it was, with its request", async () => {
  const { client } = service(() => problem("forbidden", 403, { allowed: { rooms: ["chat/a"] } }));
  await expect(client.keys.list()).rejects.toMatchObject({
    code: "forbidden",
    message: "why",
    details: { request: "req_1", allowed: { rooms: ["chat/a"] } },
  });
});

it("says so when something else answers", async () => {
  const { client } = service(() => new Response("<html>nginx", { status: 502 }));
  await expect(client.keys.list()).rejects.toMatchObject({ code: "upstream", details: { upstream: { status: 502 } } });
});

it("knows that nothing happened when nobody listened, and otherwise does not know", async () => {
  const refused = service(() => Promise.reject(Object.assign(new Error("no"), { code: "ConnectionRefused" })));
  const broken = service(() => Promise.reject(new TypeError("socket hang up")));
  const input = { connection: "chat", room: "lobby", text: "hi" };
  await expect(refused.client.messages.send(input)).rejects.toMatchObject({ code: "unreachable", effect: "none" });
  await expect(broken.client.messages.send(input)).rejects.toMatchObject({ code: "unreachable", effect: "unknown" });
  await expect(broken.client.messages.list(input)).rejects.toMatchObject({ code: "unreachable", effect: "none" });
});

it("throws cancelled when the caller gave up", async () => {
  const abort = new AbortController();
  const { client } = service(
    ({ init }) =>
      new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted")))),
  );
  const call = client.keys.list({}, { signal: abort.signal });
  abort.abort();
  await expect(call).rejects.toMatchObject({ code: "cancelled" });
});

it("hands bytes over as a stream, with type, size and name", async () => {
  const headers = {
    "content-type": "image/png",
    "content-length": "3",
    "content-disposition": "inline; filename*=UTF-8''a%20b.png",
  };
  const { client } = service(() => new Response("abc", { headers }));
  const icon: Bytes = await client.bots.getIcon({ connection: "chat", bot: "helper" });
  expect(icon).toMatchObject({ type: "image/png", size: 3, name: "a b.png" });
  expect(await new Response(icon.body).text()).toBe("abc");
});

it("goes on after the last event it saw when a stream breaks", async () => {
  const { sent, client } = service(
    () => events(`retry: 1\n\n${item(1)}${item(2)}data: {"cut`),
    () => Promise.reject(Object.assign(new Error("no"), { code: "ECONNREFUSED" })),
    () => events(`retry: 1\n\n${item(3)}`),
    () => problem("gone", 410),
  );
  const seen: number[] = [];
  const reading = (async () => {
    for await (const event of client.events.stream({ from: "now" })) seen.push(event.seq);
  })();
  await expect(reading).rejects.toMatchObject({ code: "gone" });
  expect(seen).toEqual([1, 2, 3]);
  const lastIds = sent.map(({ init }) => (init.headers as Record<string, string>)["last-event-id"]);
  expect(lastIds).toEqual([undefined, "c_2", "c_2", "c_3"]);
});

it("throws when a stream cannot be opened at all", async () => {
  const { sent, client } = service(() => problem("unauthenticated", 401));
  await expect(client.events.stream()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "unauthenticated",
  });
  expect(sent).toHaveLength(1);
});

it("throws a problem that comes in the stream", async () => {
  const { client } = service(() =>
    events('event: error\ndata: {"code":"unauthenticated","detail":"revoked","effect":"none"}\n\n'),
  );
  await expect(client.events.stream()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "unauthenticated",
  });
});

it("ends a stream when its signal is aborted", async () => {
  const abort = new AbortController();
  const { client } = service(() => events(item(1)));
  const seen: number[] = [];
  for await (const event of client.events.stream({}, { signal: abort.signal })) {
    seen.push(event.seq);
    abort.abort();
  }
  expect(seen).toEqual([1]);
});
