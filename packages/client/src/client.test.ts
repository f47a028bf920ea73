import type { Bytes, Event, Operations, OperationsIn, SentMessage } from "@botyard/sdk";
import { defineOperation, empty } from "@botyard/sdk";
import { expect, expectTypeOf, it } from "vitest";
import { createClient } from "./client.ts";
import type { Transport } from "./transport.ts";

const say = defineOperation({
  name: "sandbox.say-loud",
  summary: "Say it",
  run: "tool",
  effect: "send",
  route: "POST /sandbox/say-loud",
  input: empty,
  output: empty,
});

function recording(): { readonly calls: unknown[]; readonly transport: Transport } {
  const calls: unknown[] = [];
  return {
    calls,
    transport: {
      call: (operation, input, options) => {
        calls.push([operation, input, options]);
        return Promise.resolve({});
      },
    },
  };
}

it("turns members into noun and verb", async () => {
  const { calls, transport } = recording();
  const client = createClient(transport);
  await client.rooms.listBots({ connection: "chat", room: "lobby" }, { idempotencyKey: "k" });
  await client.service.status();
  expect(calls).toEqual([
    ["rooms.list-bots", { connection: "chat", room: "lobby" }, { idempotencyKey: "k" }],
    ["service.status", {}, {}],
  ]);
});

it("is no thenable, so that it can be awaited", async () => {
  const client = createClient(recording().transport);
  expect(await Promise.resolve(client)).toBe(client);
  expect(await Promise.resolve(client.bots)).toBeDefined();
});

it("is typed from the table", () => {
  const client = createClient(recording().transport);
  expectTypeOf(client.messages.send).returns.toEqualTypeOf<Promise<SentMessage>>();
  expectTypeOf(client.events.stream).returns.toExtend<AsyncIterable<Event>>();
  expectTypeOf(client.bots.getIcon).returns.toEqualTypeOf<Promise<Bytes>>();
  // @ts-expect-error: a bot has to be named
  void client.bots.get({ connection: "chat" });
  // @ts-expect-error: no such verb
  expect(() => client.bots.fly({})).not.toThrow();
});

it("takes a platform's native operations", async () => {
  type Native = OperationsIn<{ readonly say: typeof say }>;
  const { calls, transport } = recording();
  const client = createClient<Operations & Native>(transport);
  await client.sandbox.sayLoud({});
  expect(calls).toEqual([["sandbox.say-loud", {}, {}]]);
});
