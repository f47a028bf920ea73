import { BotyardError, type Http } from "@botyard/sdk";
import { expect, test } from "vitest";
import { call } from "./request.ts";

test.each([
  ["nobody takes the connection", new BotyardError("unreachable", "refused", { effect: "none" }), 1],
  ["it broke on the way", new BotyardError("unreachable", "broke", { effect: "unknown" }), 0],
  ["it took too long", new BotyardError("timeout", "late", { effect: "unknown" }), 0],
])("%s: told as absence or not, and thrown on", async (_, failure, times) => {
  let absent = 0;
  const http: Http = { request: () => Promise.reject(failure), stream: () => Promise.reject(failure) };
  const asked = call({ http, token: "t", absent: () => (absent += 1) }, { method: "GET", path: "/_matrix/x" });
  await expect(asked).rejects.toBe(failure);
  expect(absent).toBe(times);
});
