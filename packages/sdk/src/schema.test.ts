import fc from "fast-check";
import * as v from "valibot";
import { expect, test } from "vitest";
import {
  formatAddress,
  Handle,
  NativeId,
  operations,
  parseActor,
  parseAddress,
  planRoute,
  Secret,
  toFieldIssues,
} from "./index.ts";

test.each(["..", "../etc", "a/../b", "a\\..\\b", ".", "", "a\u0000b", "x".repeat(513)])(
  "an id like %j is refused",
  (id) => {
    expect(v.is(NativeId, id)).toBe(false);
  },
);

test.each(["!abc:hs.example.org", "eng:ops", "user:@a:b", "a..b", "01KC", "#room/with/slash:hs"])(
  "an id like %j is taken",
  (id) => {
    expect(v.is(NativeId, id)).toBe(true);
  },
);

test("issues name the field and the expectation, never the value", () => {
  const schema = v.strictObject({ handle: Handle, secret: Secret });
  const canary = "CANARY-8f3k";
  const result = v.safeParse(schema, { handle: canary, secret: 7, [canary.repeat(20)]: 1 });
  const issues = toFieldIssues(result.issues ?? []);
  expect(issues.map((issue) => issue.expected).join()).not.toContain(canary);
  expect(issues[0]).toEqual({ path: "handle", expected: "a handle: a lower-case letter, then up to 31 of a-z 0-9 -" });
  expect(issues.at(-1)?.expected).toBe("no such field");
  expect(issues.at(-1)?.path.length).toBeLessThanOrEqual(80);
});

test("an address is its connection and the rest, slashes included", () => {
  expect(parseAddress("chat/eng:ops")).toEqual({ connection: "chat", name: "eng:ops" });
  expect(parseAddress("helper")).toEqual({ connection: null, name: "helper" });
  expect(parseAddress("a/b:hs", ["chat"])).toEqual({ connection: null, name: "a/b:hs" });
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/), fc.string({ minLength: 1 }), (connection, name) => {
      expect(parseAddress(formatAddress(connection, name), [connection])).toEqual({ connection, name });
    }),
  );
});

test("who acts is a bot, a user or an account", () => {
  expect(parseActor("helper")).toEqual({ kind: "bot", handle: "helper" });
  expect(parseActor("user:@g:hs")).toEqual({ kind: "user", id: "@g:hs" });
  expect(parseActor("account:alice")).toEqual({ kind: "account", name: "alice" });
  expect(() => parseActor("@g:hs")).toThrow("`as` names");
});

test("every path parameter is a required field, and no two operations share a route", () => {
  const routes = new Set<string>();
  for (const operation of Object.values(operations)) {
    const plan = planRoute(operation);
    for (const [, name] of plan.path.matchAll(/\{([^}]+)\}/g))
      expect(plan.fields).toContainEqual(expect.objectContaining({ name, in: "path", required: true }));
    expect(plan.fields.filter((field) => field.in === "bytes").length).toBeLessThanOrEqual(1);
    const shape = `${plan.method} ${plan.path.replaceAll(/\{[^}]+\}/g, "{}")}`;
    expect(routes.has(shape), shape).toBe(false);
    routes.add(shape);
    expect(operation.name).toMatch(/^[a-z]+\.[a-z-]+$/);
    expect(operation.summary).not.toMatch(/\.$/);
  }
});
