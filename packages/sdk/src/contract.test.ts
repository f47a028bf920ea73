import * as v from "valibot";
import { expect, test } from "vitest";
import {
  connection,
  defineCapabilities,
  defineOperation,
  definePlatform,
  type HandlersOf,
  type Session,
} from "./index.ts";

// What must not compile: tsc fails when one of these errors goes away.

const say = defineOperation({
  name: "demo.say",
  summary: "Say something",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/demo/say",
  input: v.strictObject({ connection, text: v.string() }),
  output: v.object({ id: v.string() }),
});
const native = { say };

const capabilities = defineCapabilities(native, {
  "bots.get": { support: "native", actsAs: "admin" },
  "messages.send": { support: "native", actsAs: "bot", params: ["replyTo"], idempotency: { kind: "none" } },
  "demo.say": { support: "native", actsAs: "admin" },
  "bots.disable": {
    support: "emulated",
    by: "core",
    reason: "no-state",
    detail: "The server has no such state.",
    actsAs: "admin",
  },
  "bots.delete": { support: "none", reason: "no-such-call", detail: "The server cannot." },
});

const bot = { nativeId: "1", username: "helper", displayName: null, description: null, enabled: true };
const handlers = (): HandlersOf<typeof capabilities> => ({
  "bots.get": async () => bot,
  "messages.send": { prepare: async () => {}, run: async ({ text }, call) => ({ message: `${text}${call.effectId}` }) },
  "demo.say": async ({ text }) => ({ id: text }),
});

test("a ceiling asks for exactly the handlers of what a plugin does itself", () => {
  expect(Object.keys(handlers())).toEqual(["bots.get", "messages.send", "demo.say"]);
});

export function refusedByTheCompiler(): void {
  // @ts-expect-error -- a path parameter that is no input field
  defineOperation({ ...say, route: "POST /connections/{connection}/demo/{nobody}" });

  // @ts-expect-error -- an operation that is in no table
  defineCapabilities(native, { "bots.fly": { support: "native", actsAs: "admin" } });

  // @ts-expect-error -- a field in params that messages.send has not
  defineCapabilities(native, { "messages.send": { support: "native", actsAs: "bot", params: ["topic"] } });

  // @ts-expect-error -- operations of the core are no capability of a platform
  defineCapabilities(native, { "keys.create": { support: "native", actsAs: "admin" } });

  // @ts-expect-error -- all but native needs a reason and a sentence
  defineCapabilities(native, { "bots.get": { support: "degraded", actsAs: "admin" } });

  // @ts-expect-error -- a declared operation without a handler
  const missing: HandlersOf<typeof capabilities> = {
    "bots.get": async () => bot,
    "messages.send": async () => ({ message: null }),
  };

  const deleted: HandlersOf<typeof capabilities, "bots"> = {
    "bots.get": async () => bot,
    // @ts-expect-error -- a handler for what is declared as none
    "bots.delete": async () => ({}),
  };

  // @ts-expect-error -- a handler that nobody declared
  const typo: HandlersOf<typeof capabilities, "bots"> = { "bots.get": async () => bot, "bots.gett": async () => bot };

  // @ts-expect-error -- an answer without what the contract asks for
  const answer: HandlersOf<typeof capabilities, "bots"> = { "bots.get": async () => ({ username: "helper" }) };

  // @ts-expect-error -- an input field that the operation has not
  const input: HandlersOf<typeof capabilities, "demo"> = { "demo.say": async ({ topic }) => ({ id: topic }) };
  void [missing, deleted, typo, answer, input];

  const settings = v.strictObject({ rate: v.number() });
  const open = async (): Promise<Session<typeof capabilities>> => ({
    operations: handlers(),
    probe: async () => ({ server: { name: "demo", version: null }, checks: [], continuity: "proven" }),
    resolveRoom: async (ref) => ref,
    close: async () => {},
  });
  const base = {
    id: "demo",
    namespace: "demo",
    title: "Demo",
    url: "none",
    settings,
    credentials: {},
    capabilities,
    native,
  } as const;
  definePlatform({ ...base, contract: 1, open });
  // @ts-expect-error -- a plugin for another contract
  definePlatform({ ...base, contract: 2, open });
  definePlatform({
    ...base,
    contract: 1,
    async open(host) {
      // @ts-expect-error -- settings have the types of their schema
      const rate: string = host.connection.settings.rate;
      void rate;
      return open();
    },
  });
}
