import { expect, test } from "vitest";
import { fromYaml } from "../src/index.ts";
import { call, createWorld, registration, run } from "./world.ts";

/** A homeserver with a registration of its own, and its new file. */
async function rotating() {
  const theirs = { ...registration };
  const world = await createWorld({ homeserver: { registration: theirs } });
  const { yaml } = await run(world.session.operations["matrix.rotate-tokens"], { connection: "matrix" }, call());
  const next = fromYaml(yaml).registration;
  if (next === undefined) throw new Error("the file cannot be used");
  return {
    world,
    yaml,
    next,
    /** The homeserver is restarted with the new file. */
    restart: () => void Object.assign(theirs, { asToken: next.asToken, hsToken: next.hsToken }),
    verify: () =>
      world.session.verify?.({ id: "step_1", kind: "rotate-registration", bot: null, verify: {} }, world.host.signal),
    push: (token: string, id: string) =>
      world.hook({ path: `/_matrix/app/v1/transactions/${id}`, headers: { authorization: `Bearer ${token}` } }),
    token: async (kind: string) => (await world.host.credentials.find({ kind }))?.secret,
  };
}

test("the file differs from the old one in its tokens only, and is a step with a secret", async () => {
  const { next, world, yaml } = await rotating();
  const { asToken, hsToken, ...rest } = next;
  const { asToken: oldAs, hsToken: oldHs, ...before } = registration;
  expect(rest).toEqual(before);
  expect(asToken).not.toBe(oldAs);
  expect(hsToken).not.toBe(oldHs);
  const [[step] = []] = world.host.steps;
  expect(step).toMatchObject({
    kind: "rotate-registration",
    secret: true,
    run: { file: { name: "botyard.yaml", text: yaml } },
  });
  // What is not sealed knows none of them.
  expect(JSON.stringify({ ...step, run: { ...step?.run, file: null } })).not.toContain(asToken);
});

test("until the homeserver has the file the old tokens stay", async () => {
  const { verify, push, token, next } = await rotating();
  expect(await verify()).toMatchObject({ state: "open" });
  expect((await push(registration.hsToken, "1")).status).toBe(200);
  expect(await token("as-token")).toBe(registration.asToken);
  expect(next.asToken).not.toBe(registration.asToken);
});

test("the first transaction with the new token is taken, and makes both new ones ours", async () => {
  const { restart, push, token, next, verify } = await rotating();
  restart();
  expect((await push(next.hsToken, "1")).status).toBe(200);
  expect(await token("as-token")).toBe(next.asToken);
  expect((await push(registration.hsToken, "2")).status).toBe(403);
  expect(await verify()).toMatchObject({ state: "done", note: expect.stringContaining("ping") as string });
});

test("where nothing is pushed the look at the step finds it out", async () => {
  const { restart, token, next, verify, world } = await rotating();
  restart();
  expect(await verify()).toMatchObject({ state: "done" });
  expect([await token("as-token"), await token("hs-token")]).toEqual([next.asToken, next.hsToken]);
  // Whoever was refused begins again with the first that changes: it has to be the one that is sent.
  expect(world.host.kept.slice(-2).map(({ kind }) => kind)).toEqual(["as-token", "hs-token"]);
  // What was refused meanwhile is no state any more.
  expect(world.host.reports).toContainEqual([{ kind: "connection" }, { state: "ready" }]);
});

test("a homeserver with a new registration was restarted: receiving begins anew, so that its rooms are compared", async () => {
  const { world, next, restart, push } = await rotating();
  const started: unknown[] = [];
  const call = { signal: world.host.signal, started: (resumed: unknown) => started.push(resumed) };
  const running = world.session.receive?.run?.(call);
  await expect.poll(() => started.length).toBe(1);
  restart();
  await push(next.hsToken, "1");
  await expect(running).rejects.toMatchObject({ code: "unreachable", message: /history is read/ });
});

test("a stranger's token makes nothing new", async () => {
  const { push, token } = await rotating();
  expect((await push("x".repeat(43), "1")).status).toBe(403);
  expect(await token("hs-token")).toBe(registration.hsToken);
});
