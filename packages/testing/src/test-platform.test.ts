import {
  BotyardError,
  defineCapabilities,
  definePlatform,
  operations,
  type AnyPlatform,
  type EventDraft,
  type Host,
  type HandlersOf,
} from "@botyard/sdk";
import * as v from "valibot";
import { afterEach, describe, expect, test } from "vitest";
import { cases } from "./cases/index.ts";
import type { Scene } from "./cases/case.ts";
import { withOlder } from "./older.ts";
import type { Place } from "./place.ts";
import { createScene } from "./scene.ts";
import { testPlatform } from "./test-platform.ts";
import { createWorld } from "./world.ts";

/** What a toy does wrong. */
type Flaw =
  | "posts-twice"
  | "knows-every-room"
  | "gives-no-reason"
  | "shows-others"
  | "answers-another-id"
  | "decodes-nothing"
  | "decodes-other-keys"
  | "decodes-others-rooms"
  | null;

const native = {};
const offered = { support: "native", actsAs: "admin" } as const;
const capabilities = defineCapabilities(native, {
  "bots.create": offered,
  "bots.list": offered,
  "bots.get": offered,
  "rooms.add-bot": offered,
  "messages.send": { support: "native", actsAs: "bot", params: [], limits: { text: { max: 100, unit: "codepoints" } } },
  "messages.delete": { support: "none", reason: "no-such-call", detail: "A toy forgets nothing." },
});

/** The smallest platform that keeps the contract, and what it looks like when it does not. */
function toy(flaw: Flaw): { platform: AnyPlatform; connect: () => Place } {
  const posts: string[] = [];
  const bots: { nativeId: string; username: string }[] = [];
  const told: EventDraft[] = [];
  let wake = (): void => {};

  const post = (actor: string, text: string, effectId?: string): string => {
    posts.push(text);
    const id = `m${posts.length}`;
    told.push({
      key: { kind: "message", id },
      type: "message.created",
      time: new Date().toISOString(),
      room: { id: "lobby" },
      actor: { id: actor, kind: actor === "alice" ? "user" : "bot" },
      message: { id },
      content: { text, format: "plain", plain: text, mentions: [], files: [] },
      ...(effectId === undefined ? {} : { effectId }),
    });
    wake();
    return id;
  };
  const shown = ({ nativeId, username }: (typeof bots)[number]) => ({
    nativeId,
    username,
    displayName: null,
    description: null,
    enabled: true,
  });

  const handlers: HandlersOf<typeof capabilities> = {
    "bots.create": async ({ handle }) => {
      const bot = { nativeId: `b${bots.length + 1}`, username: handle };
      bots.push(bot);
      return { bot: shown(bot) };
    },
    "bots.list": async () => ({ items: flaw === "shows-others" ? [] : bots.map(shown) }),
    "bots.get": async (_input, { bot }) => {
      const found = bots.find(({ nativeId }) => nativeId === bot?.nativeId);
      if (!found) throw new BotyardError("not_found", "no such bot");
      return shown(found);
    },
    "rooms.add-bot": async ({ room }) => ({ room, joined: false, via: "toys are everywhere" }),
    "messages.send": async ({ text }, { as, effectId }) => {
      const id = post(as?.id ?? "", text, effectId);
      if (flaw === "posts-twice") post(as?.id ?? "", text, effectId);
      return { message: flaw === "answers-another-id" ? "x" : id };
    },
  };

  const run = async (host: Host, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const events = told.splice(0);
      if (events.length > 0) await host.commit({ via: "poll", raw: JSON.stringify(events), events });
      if (told.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    }
  };

  const platform = definePlatform({
    id: "toy",
    namespace: "toy",
    title: "Toy",
    contract: 1,
    url: "none",
    settings: v.strictObject({}),
    credentials: {},
    capabilities,
    native,
    async open(host) {
      return {
        operations: handlers,
        probe: async () => ({
          server: { name: "Toy", version: null },
          checks: [],
          continuity: "unprovable",
          ...(flaw === "gives-no-reason"
            ? { narrow: { "messages.send": { support: "degraded", actsAs: "bot", reason: "?", detail: "" } } }
            : {}),
        }),
        resolveRoom: async (ref) => (ref === "lobby" || flaw === "knows-every-room" ? ref : null),
        receive: {
          async run({ started, signal }) {
            started({ from: "fresh" });
            await run(host, signal);
          },
          async decode({ raw }) {
            const kept = JSON.parse(new TextDecoder().decode(raw)) as EventDraft[];
            if (flaw === "decodes-nothing") return [];
            if (flaw === "decodes-other-keys")
              return kept.map(({ key, ...draft }) => ({ ...draft, key: key && { ...key, kind: "again" } }));
            return flaw === "decodes-others-rooms" ? kept.map((draft) => ({ ...draft, room: null })) : kept;
          },
        },
        close: async () => {},
      };
    },
  });
  const connect = (): Place => {
    for (const kept of [posts, bots, told]) kept.splice(0);
    return {
      drive: () => ({
        room: "lobby",
        person: "alice",
        echoes: true,
        say: async (_room, text) => post("alice", text),
        transcript: async () => posts,
      }),
    };
  };
  return { platform, connect };
}

testPlatform("a toy that keeps the contract", toy(null));

describe("the suite finds", () => {
  const open: Scene[] = [];
  afterEach(async () => {
    for (const { world } of open.splice(0)) await world.close();
  });

  const trial = async (flaw: Flaw, operation: string, name: string): Promise<void> => {
    const { platform, connect } = toy(flaw);
    const older = withOlder(platform);
    const scene = await createScene(await createWorld({ platform: older.platform, place: connect() }), older.asOlder);
    open.push(scene);
    const found = cases.find((one) => one.operation === operation && one.name.startsWith(name));
    if (!found) throw new Error(`there is no case "${operation} ${name}"`);
    expect(await found.run(scene)).toBeUndefined();
  };

  test.each([
    ["posts-twice", "messages.send", "puts the text"],
    ["posts-twice", "messages.send", "answers the first result"],
    ["knows-every-room", "messages.send", "is not found in a room"],
    ["gives-no-reason", "connections.capabilities", "says of everything"],
    ["shows-others", "bots.list", "lists managed bots"],
    ["answers-another-id", "messages.send", "comes back as an echo"],
    ["decodes-other-keys", "connections.decode", "finds in kept intakes"],
    ["decodes-nothing", "connections.decode", "brings what an older version"],
    ["decodes-others-rooms", "connections.decode", "brings what an older version"],
  ] as const)("%s, by %s %s", async (flaw, operation, name) => {
    await trial(null, operation, name);
    await expect(trial(flaw, operation, name)).rejects.toThrow();
  });
});

test("every operation that a platform may offer is tried by a case", () => {
  const tried = new Set<string>(cases.flatMap(({ operation, also = [] }) => [operation, ...also]));
  const offered = Object.values(operations).filter(({ run }) => run === "platform");
  expect(offered.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
});
