import { expect, test } from "vitest";
import { createRouter } from "./router.ts";

const server = createRouter()
  .on("GET", "/api/users/{user}", ({ params, url }) => ({
    json: { user: params["user"], full: url.searchParams.get("full") },
  }))
  .on("POST", "/api/users/{user}/notes", async ({ json }) => ({ status: 201, json: await json() }))
  .on("GET", "/files/{path*}", ({ params }) => new Response(params["path"]));

const ask = (method: string, path: string, body?: string): Promise<Response> =>
  server.fetch(new Request(`http://server.test${path}`, { method, ...(body === undefined ? {} : { body }) }));

test("parts of the path are decoded, one segment each, or all that is left", async () => {
  expect(await (await ask("GET", "/api/users/a%2Fb?full=1")).json()).toEqual({ user: "a/b", full: "1" });
  expect(await (await ask("GET", "/files/a/b.txt")).text()).toBe("a/b.txt");
  expect((await ask("GET", "/api/users/a/b")).status).toBe(404);
});

test("a body that is no JSON reads as undefined, and answers keep their status", async () => {
  expect((await ask("POST", "/api/users/a/notes", '{"x":1}')).status).toBe(201);
  expect(await (await ask("POST", "/api/users/a/notes", "{")).text()).toBe("");
});

test("a wrong method is told the right one", async () => {
  const answer = await ask("DELETE", "/api/users/a");
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
});
