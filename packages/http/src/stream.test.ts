import { BotyardError } from "@botyard/sdk";
import { expect, it, vi } from "vitest";
import { createApp } from "./app.ts";
import { createFakeRuntime, type FakeRuntime, goodKey } from "./fake-runtime.ts";

const auth = { authorization: `Bearer ${goodKey}` };

/** A source of events that a test feeds by hand; ends with the signal, as the event log does. */
function createSource() {
  const queue: unknown[] = [];
  let wake = (): void => {};
  const state = { ended: false, taken: 0 };
  async function* items(signal: AbortSignal): AsyncGenerator<unknown> {
    signal.addEventListener("abort", () => wake());
    try {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next instanceof Error) throw next;
        if (next !== undefined) {
          state.taken += 1;
          yield next;
        } else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      state.ended = true;
    }
  }
  return {
    state,
    items,
    push: (item: unknown) => {
      queue.push(item);
      wake();
    },
  };
}

function open(heartbeatMs = 60_000) {
  const source = createSource();
  const runtime: FakeRuntime = createFakeRuntime({
    answers: { "events.stream": (_input, options) => source.items(options.signal?.() ?? new AbortController().signal) },
  });
  return { source, runtime, app: createApp(runtime, { heartbeatMs }) };
}

function reading(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new Error("no body");
  return {
    next: async () => (await reader.read()).value,
    rest: async () => readAll(reader),
    cancel: () => reader.cancel(),
  };
}

async function readAll(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  return text;
}

const event = { cursor: "c_1_1", type: "message.created", content: { text: "one\ntwo" } };

it("sends each item with its cursor and type", async () => {
  const { app, source } = open();
  const response = await app.request("/v1/events/stream?type=message.*", { headers: auth });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("x-request-id")).toMatch(/^req_/);
  const reader = reading(response);
  expect(await reader.next()).toBe(":\n\n");
  source.push(event);
  expect(await reader.next()).toBe(`id: c_1_1\nevent: message.created\ndata: ${JSON.stringify(event)}\n\n`);
  await reader.cancel();
});

it("goes on after Last-Event-ID, which wins over the query", async () => {
  const { app, runtime } = open();
  await (
    await app.request("/v1/events/stream?from=now", { headers: { ...auth, "last-event-id": "c_1_7" } })
  ).body?.cancel();
  expect(runtime.invoked[0]?.input).toEqual({ from: "c_1_7" });
});

it("answers a problem when the stream cannot begin", async () => {
  const runtime = createFakeRuntime({
    answers: {
      "events.stream": () => {
        throw new BotyardError("gone", "events before that are no longer kept", { oldest: "c_1_5" });
      },
    },
  });
  const response = await createApp(runtime).request("/v1/events/stream?from=c_1_1", { headers: auth });
  expect(response.status).toBe(410);
  expect(await response.json()).toMatchObject({ code: "gone", oldest: "c_1_5" });
});

it("ends with a problem when the source fails, without its text", async () => {
  const { app, source } = open();
  const reader = reading(await app.request("/v1/events/stream", { headers: auth }));
  source.push(event);
  source.push(new Error("SECRET"));
  const text = await reader.rest();
  expect(text).toContain("event: message.created");
  expect(text).toMatch(/event: error\ndata: \{.*"code":"internal".*\}\n\n$/);
  expect(text).not.toContain("SECRET");
});

it("ends with a problem when the key is revoked", async () => {
  const { app, source, runtime } = open();
  const reader = reading(await app.request("/v1/events/stream", { headers: auth }));
  expect(await reader.next()).toBe(":\n\n");
  runtime.revoke();
  expect(await reader.rest()).toMatch(/^event: error\ndata: \{.*"code":"unauthenticated".*\}\n\n$/);
  await vi.waitFor(() => expect(source.state.ended).toBe(true));
});

it("ends at once when the key was revoked while the stream began", async () => {
  const { app, runtime } = open();
  runtime.revoke();
  expect(await (await app.request("/v1/events/stream", { headers: auth })).text()).toContain(
    '"code":"unauthenticated"',
  );
});

it("ends the source when the reader leaves while it waits", async () => {
  const { app, source } = open();
  const reader = reading(await app.request("/v1/events/stream", { headers: auth }));
  await reader.next();
  await reader.cancel();
  await vi.waitFor(() => expect(source.state.ended).toBe(true));
});

it("ends the source when the caller left before the body was read", async () => {
  const { app, source } = open();
  const gone = new AbortController();
  const response = await app.request(
    new Request("http://localhost/v1/events/stream", { headers: auth, signal: gone.signal }),
  );
  source.push(event);
  gone.abort();
  expect(await response.text()).not.toContain("event: error");
  expect(source.state.taken).toBeLessThanOrEqual(1);
});

it("takes no more from the source than the reader reads", async () => {
  const { app, source } = open();
  const response = await app.request("/v1/events/stream", { headers: auth });
  for (let n = 0; n < 100; n += 1) source.push({ ...event, cursor: `c_1_${n}` });
  const reader = response.body?.getReader();
  for (let n = 0; n < 3; n += 1) await reader?.read();
  expect(source.state.taken).toBeLessThan(10);
  await reader?.cancel();
});

it("says that it lives while nothing happens", async () => {
  const { app } = open(5);
  const reader = reading(await app.request("/v1/events/stream", { headers: auth }));
  expect(await reader.next()).toBe(":\n\n");
  expect(await reader.next()).toBe(":\n\n");
  expect(await reader.next()).toBe(":\n\n");
  await reader.cancel();
});
