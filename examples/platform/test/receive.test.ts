import { createFakeHost } from "@botyard/testing";
import { expect, test } from "vitest";
import platform from "../src/index.ts";
import { createSimulator } from "../src/simulator/index.ts";

test("an update of a kind nobody knows is stored, and what comes after it is not held up", async () => {
  const simulator = createSimulator();
  const { room_id } = simulator.addRoom("lobby");
  const alice = simulator.addUser("alice", room_id);
  const host = createFakeHost({
    url: "https://pigeon.example.org",
    settings: { pollMs: 1000 },
    credentials: [{ kind: "admin-key", secret: simulator.adminKey }],
    fetch: simulator.fetch,
  });
  const session = await platform.open(host);
  const started = Promise.withResolvers<void>();
  const running = session.receive?.run?.({ signal: host.signal, started: () => started.resolve() });
  await started.promise;
  simulator.odd();
  const message = simulator.say(room_id, alice, "hello");
  await host.event(({ key }) => key?.id === message);
  expect(host.events.map(({ type }) => type)).toEqual(["platform.unknown", "message.created"]);
  host.end();
  await running;
});
