import { BotyardError, type HookResponse } from "@botyard/sdk";
import { expect, it } from "vitest";
import { createFakeRuntime } from "./fake-runtime.ts";
import { createHooksApp } from "./hooks.ts";

const answering = (hook: () => HookResponse | Promise<HookResponse>) => {
  const runtime = createFakeRuntime({ hook });
  const { fetch } = createHooksApp(runtime);
  const request = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(new Request(new URL(path, "http://127.0.0.1"), init));
  return { runtime, app: { request } };
};
const ok = () => answering(() => ({ status: 200, json: {} }));

it("hands a request on as it was sent: path still encoded, query, headers, bytes", async () => {
  const { runtime, app } = ok();
  const response = await app.request(
    "http://bots.example.org/hooks/chat/_matrix/app/v1/rooms/%23a%2Fb%3Ahs?x=1&y=%26",
    {
      method: "PUT",
      headers: { "X-Signature": "abc" },
      body: "{broken",
    },
  );
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("{}");
  const { connection, request } = runtime.hooked[0] ?? {};
  expect(connection).toBe("chat");
  expect(request).toMatchObject({
    method: "PUT",
    path: "/_matrix/app/v1/rooms/%23a%2Fb%3Ahs",
    query: { x: "1", y: "&" },
  });
  expect(request?.headers["x-signature"]).toBe("abc");
  expect(new TextDecoder().decode(request?.body)).toBe("{broken");
});

it("answers what the platform says: status, headers, text, nothing", async () => {
  const text = await answering(() => ({ status: 202, headers: { "x-a": "b" }, text: "later" })).app.request(
    "/hooks/chat",
  );
  expect([text.status, text.headers.get("x-a"), await text.text()]).toEqual([202, "b", "later"]);
  const empty = await answering(() => ({ status: 204 })).app.request("/hooks/chat/x");
  expect([empty.status, await empty.text()]).toEqual([204, ""]);
});

const refusals: readonly (readonly [string, string, RequestInit | undefined, number])[] = [
  ["an unknown connection", "/hooks/other/x", undefined, 404],
  ["a name that is no connection", "/hooks/%2e%2e%2fchat/x", undefined, 404],
  ["no connection", "/hooks/", undefined, 404],
  ["the API", "/v1/connections", undefined, 404],
  ["the root", "/", undefined, 404],
  ["a body over the connection's limit", "/hooks/chat/x", { method: "POST", body: "x".repeat(1001) }, 413],
  [
    "a declared length over the limit",
    "/hooks/chat/x",
    { method: "POST", body: "x", headers: { "content-length": "1001" } },
    413,
  ],
];
for (const [what, path, init, status] of refusals)
  it(`says nothing about ${what}`, async () => {
    const { runtime, app } = ok();
    const response = await app.request(path, init);
    expect([response.status, await response.text()]).toEqual([status, "{}"]);
    expect(runtime.hooked).toEqual([]);
  });

it("takes a body of exactly the limit", async () => {
  const { runtime, app } = ok();
  expect((await app.request("/hooks/chat/x", { method: "POST", body: "x".repeat(1000) })).status).toBe(200);
  expect(runtime.hooked[0]?.request.body.byteLength).toBe(1000);
});

const failures: readonly (readonly [Error, number])[] = [
  [new Error("SECRET"), 500],
  [new BotyardError("internal", "SECRET disk"), 500],
  [new BotyardError("invalid", "SECRET input"), 500],
  [new BotyardError("not_found", "SECRET name"), 404],
];
for (const [failure, status] of failures)
  it(`answers ${status} and {} when it fails with ${failure.name} ${failure.message}`, async () => {
    const response = await answering(() => Promise.reject(failure)).app.request("/hooks/chat/x", {
      method: "POST",
      body: "{}",
    });
    expect([response.status, await response.text()]).toEqual([status, "{}"]);
  });
