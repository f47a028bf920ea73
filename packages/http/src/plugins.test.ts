import { expect, test } from "vitest";
import { createApp } from "./app.ts";
import { createFakeRuntime, goodKey } from "./fake-runtime.ts";

const init = { headers: { authorization: `Bearer ${goodKey}` } };

test("routes and documents follow the plugins of the runtime, without a restart", async () => {
  const fake = createFakeRuntime();
  const descriptors = new Map(fake.descriptors);
  let tell: (what: "table" | "state") => void = () => {};
  const app = createApp({
    ...fake,
    descriptors,
    plugins: { ...fake.plugins, onChange: (listener) => ((tell = listener), () => {}) },
  });
  const status = async (): Promise<number> => (await app.request("/v1/connections/chat/bots", init)).status;
  const paths = async (): Promise<string[]> =>
    Object.keys(((await (await app.request("/openapi.json")).json()) as { paths: object }).paths);
  expect(await status()).toBe(200);
  expect(await paths()).toContain("/v1/connections/{connection}/bots");

  for (const name of ["bots.list", "bots.create"]) descriptors.delete(name);
  // What a plugin's process does changes nothing of the routes.
  tell("state");
  expect(await status()).toBe(200);
  tell("table");
  expect(await status()).toBe(404);
  expect(await paths()).not.toContain("/v1/connections/{connection}/bots");

  for (const [name, descriptor] of fake.descriptors) descriptors.set(name, descriptor);
  tell("table");
  expect(await status()).toBe(200);
  expect(await paths()).toContain("/v1/connections/{connection}/bots");
});
