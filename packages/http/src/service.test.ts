import { isBotyardError } from "@botyard/sdk";
import { expect, it } from "vitest";
import { createFakeRuntime, goodKey } from "./fake-runtime.ts";
import { listen } from "./listen.ts";
import { startService } from "./service.ts";

const at = (host: string, port = 0) => ({ host, port });

const status = async (url: string): Promise<number> => (await fetch(url)).status;

it("keeps API and hooks apart on two listeners", async () => {
  const service = await startService(createFakeRuntime(), { listen: at("127.0.0.1"), hooks: at("127.0.0.1") });
  expect(await status(`${service.url}/healthz`)).toBe(200);
  expect(await status(`${service.url}/hooks/chat/x`)).toBe(404);
  expect(await status(`${service.hooksUrl}/hooks/chat/x`)).toBe(200);
  expect(await status(`${service.hooksUrl}/healthz`)).toBe(404);
  await service.close();
});

it("takes both on one listener; a hook may come under any name", async () => {
  const service = await startService(createFakeRuntime(), { listen: at("127.0.0.1"), hooks: null });
  expect(service.hooksUrl).toBe(service.url);
  expect(await status(`${service.url}/healthz`)).toBe(200);
  expect((await fetch(`${service.url}/hooks/chat/x`, { headers: { host: "bots.example.org" } })).status).toBe(200);
  await service.close();
});

it("leaves nothing open when the second listener cannot open", async () => {
  const other = await listen(() => new Response(), { port: 0 });
  const free = await listen(() => new Response(), { port: 0 });
  await free.close({ drainMs: 0 });
  const options = { listen: at("127.0.0.1", free.port), hooks: at("127.0.0.1", other.port) };
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
  const service = await startService(runtime, { listen: at("127.0.0.1"), hooks: null, drainMs: 600_000 });
  const poll = fetch(`${service.url}/v1/events?waitMs=60000`, { headers: { authorization: `Bearer ${goodKey}` } });
  await reached.promise;
  await service.close();
  const answer = await poll;
  expect([answer.status, await answer.json()]).toEqual([200, { items: [], cursor: "c_1_1" }]);
});

it("shows the API to other machines only when told to", async () => {
  const options = { listen: at("0.0.0.0"), hooks: at("0.0.0.0") };
  const error: unknown = await startService(createFakeRuntime(), options).catch((reason: unknown) => reason);
  expect(isBotyardError(error) && [error.code, error.details.fix]).toEqual(["invalid", "listen: 127.0.0.1:0"]);
  const service = await startService(createFakeRuntime(), { ...options, plain: true });
  expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await status(`${service.url}/healthz`)).toBe(200);
  await service.close();
});
