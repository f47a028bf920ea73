import type { BotTarget, Event, EventDraft, Intake } from "@botyard/sdk";
import { createFakeClock, type FakeClock } from "../limits/fake-clock.ts";
import { createMemorySealer } from "../secrets/seal.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { Store } from "../store/types.ts";
import { createLog } from "./log.ts";
import type { EventLog } from "./types.ts";

export interface TestLog {
  readonly log: EventLog;
  readonly store: Store;
  readonly clock: FakeClock;
  /** Rooms to handles, as the registry would know them. */
  readonly members: Map<string, Set<string>>;
  readonly commit: (intake: Partial<Intake>, connection?: string) => ReturnType<EventLog["commit"]>;
  readonly all: () => Promise<readonly Event[]>;
}

const start = Date.UTC(2026, 10, 20, 8);
export const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();

function target(handle: string, enabled: boolean): BotTarget {
  const nativeId = `native-${handle}`;
  return { handle, nativeId, username: handle, displayName: null, description: null, enabled, generation: 1 };
}

/** A log over a memory store with bots `one`, `two`, `three` and the disabled `off`; ids on the server: `native-one`. */
export async function openTestLog(options: { store?: Store; retentionMs?: number | null } = {}): Promise<TestLog> {
  const store = options.store ?? createMemoryStore();
  const clock = createFakeClock(start);
  const bots = [target("one", true), target("two", true), target("three", true), target("off", false)];
  const members = new Map<string, Set<string>>();
  const log = await createLog({
    store,
    clock,
    sealer: createMemorySealer(),
    botByNativeId: (_, id) => bots.find((bot) => bot.nativeId === id)?.handle ?? null,
    receives: (_, handle) => bots.some((bot) => bot.handle === handle && bot.enabled),
    membersOf: (connection, room) => [...(members.get(`${connection}/${room}`) ?? [])],
    applied(puts) {
      for (const put of puts) {
        if (put.kind !== "membership") continue;
        const [connection = "", handle = "", room = ""] = put.id.split("/");
        const there = members.get(`${connection}/${room}`) ?? new Set();
        members.set(`${connection}/${room}`, there);
        if (put.value) there.add(handle);
        else there.delete(handle);
      }
    },
    retentionMs: options.retentionMs ?? null,
  });
  return {
    log,
    store,
    clock,
    members,
    commit: (intake, connection = "chat") =>
      log.commit({ id: connection, platform: "sandbox" }, { via: "transaction", events: [], ...intake }),
    all: async () => (await log.read({ after: 0, filter: { own: true }, limit: 1000 })).items,
  };
}

/** A message of `user-1` in `room-1`. */
export function draft(id: string, more: Partial<EventDraft> = {}): EventDraft {
  return {
    key: { kind: "message", id },
    type: "message.created",
    time: at(0),
    room: { id: "room-1", kind: "channel" },
    actor: { id: "user-1", kind: "user" },
    message: { id },
    content: { text: id, format: "plain", plain: id, mentions: [], files: [] },
    ...more,
  };
}

/** What a bot's membership became. */
export function membership(id: string, handle: string, state: "joined" | "left", seconds: number): EventDraft {
  const { content: _, message: __, ...rest } = draft(id);
  return {
    ...rest,
    key: { kind: "member", id },
    type: `member.${state}`,
    time: at(seconds),
    member: { user: `native-${handle}`, name: null, membership: state },
  };
}
