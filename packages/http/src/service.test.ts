import { isBotyardError } from "@botyard/sdk";
import { expect, it } from "vitest";
import { createFakeRuntime, goodKey } from "./fake-runtime.ts";
import { listen } from "./listen.ts";
import { parseListen, startService } from "./service.ts";

const status = async (url: string): Promise<number> => (await fetch(url)).status;

it("keeps API and hooks apart on two listeners", async () => {
  const service = await startService(createFakeRuntime(), { listen: "127.0.0.1:0", hooks: "127.0.0.1:0" });
  expect(await status(`${service.url}/healthz`)).toBe(200);
  expect(await status(`${service.url}/hooks/chat/x`)).toBe(404);
  expect(await status(`${service.hooksUrl}/hooks/chat/x`)).toBe(200);
  expect(await status(`${service.hooksUrl}/healthz`)).toBe(404);
  await service.close();
});

it("takes both on one listener; a hook may come under any name", async () => {
  const service = await startService(createFakeRuntime(), { listen: "127.0.0.1:0", hooks: null });
  expect(service.hooksUrl).toBe(service.url);
  expect(await status(`${service.url}/healthz`)).toBe(200);
  expect((await fetch(`${service.url}/hooks/chat/x`, { headers: { host: "bots.example.org" } })).status).toBe(200);
  await service.close();
});

it("leaves nothing open when the second listener cannot open", async () => {
  const other = await listen(() => new Response(), { port: 0 });
  const free = await listen(() => new Response(), { port: 0 });
  await free.close({ drainMs: 0 });
  const options = { listen: `127.0.0.1:${free.port}`, hooks: `127.0.0.1:${other.port}` };
  const error: unknown = await startService(createFakeRuntime(), options).catch((reason: unknown) => reason);
  expect(isBotyardError(error) && error.code).toBe("conflict");
  const again = await listen(() => new Response(), { port: free.port });
  await Promise.all([again.close({ drainMs: 0 }), other.close({ drainMs: 0 })]);
});

it("answers long polls when it closes, instead of waiting for them", async () => {
  const reached = Promise.withResolvers<void>();
  const runtime = createFakeRuntime({
    answers: {
      "events.list": (_, { signal }) =>
        new Promise((resolve) => {
          signal?.().addEventListener("abort", () => resolve({ items: [], cursor: "c_1_1" }));
          reached.resolve();
        }),
    },
  });
  // Longer than the test may take: it would be cut off with 503 behind that.
  const service = await startService(runtime, { listen: "127.0.0.1:0", hooks: null, drainMs: 600_000 });
  const poll = fetch(`${service.url}/v1/events?waitMs=60000`, { headers: { authorization: `Bearer ${goodKey}` } });
  await reached.promise;
  await service.close();
  const answer = await poll;
  expect([answer.status, await answer.json()]).toEqual([200, { items: [], cursor: "c_1_1" }]);
});

it("shows the API to other machines only when told to", async () => {
  const options = { listen: "0.0.0.0:0", hooks: "0.0.0.0:0" };
  const error: unknown = await startService(createFakeRuntime(), options).catch((reason: unknown) => reason);
  expect(isBotyardError(error) && [error.code, error.details.fix]).toEqual(["invalid", "listen: 127.0.0.1:0"]);
  const service = await startService(createFakeRuntime(), { ...options, insecure: true });
  expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await status(`${service.url}/healthz`)).toBe(200);
  await service.close();
});

it("reads an address to listen on", () => {
  expect(parseListen("127.0.0.1:8470")).toEqual({ hostname: "127.0.0.1", port: 8470 });
  expect(parseListen("[::1]:0")).toEqual({ hostname: "::1", port: 0 });
  expect(parseListen("localhost:8470")).toEqual({ hostname: "localhost", port: 8470 });
});

for (const text of [
  "",
  "8470",
  ":8470",
  "127.0.0.1",
  "127.0.0.1:99999",
  "[127.0.0.1]:1",
  "::1:8470",
  "/run/x.sock",
  "unix:/run/x.sock",
  "http://127.0.0.1:8470",
])
  it(`refuses to listen on "${text}"`, () => {
    expect(() => parseListen(text)).toThrow(/like 127\.0\.0\.1:8470/);
  });
