import type { EventDraft } from "@botyard/sdk";
import { putMembership } from "../registry/registry.ts";
import type { RecordPut } from "../store/types.ts";

/** Which managed bots are in a room, with what commits that are not on disk yet say about it. */
export interface Membership {
  of(connection: string, room: string): readonly string[];
  /** The change that a draft about this bot makes; null where it makes none or tells of an older state. */
  change(connection: string, draft: EventDraft, handle: string, commit: object): RecordPut | null;
  /** The commit has ended: its changes are in the registry now, or never will be. */
  settle(commit: object): void;
}

interface Pending {
  readonly there: boolean;
  readonly commit: object;
}

const presence = { joined: true, left: false, kicked: false, banned: false, invited: null, knocking: null } as const;

export function createMembership(known: (connection: string, room: string) => readonly string[]): Membership {
  const pending = new Map<string, Map<string, Pending>>();
  // By the server's clock: history and repeated deliveries tell of states that have passed.
  const latest = new Map<string, number>();

  return {
    of(connection, room) {
      const changes = pending.get(`${connection}/${room}`);
      const members = known(connection, room);
      if (!changes) return members;
      const added = [...changes].flatMap(([handle, { there }]) => (there ? [handle] : []));
      return [...new Set([...members.filter((handle) => changes.get(handle)?.there !== false), ...added])];
    },
    change(connection, draft, handle, commit) {
      const there = draft.member ? presence[draft.member.membership] : null;
      if (there === null || draft.room === null) return null;
      const room = `${connection}/${draft.room.id}`;
      const time = Date.parse(draft.time);
      const key = `${room}/${handle}`;
      if (time < (latest.get(key) ?? -Infinity)) return null;
      latest.set(key, time);
      const changes = pending.get(room) ?? new Map<string, Pending>();
      changes.set(handle, { there, commit });
      pending.set(room, changes);
      return putMembership(connection, draft.room.id, handle, there);
    },
    settle(commit) {
      for (const [room, changes] of pending) {
        for (const [handle, change] of changes) if (change.commit === commit) changes.delete(handle);
        if (changes.size === 0) pending.delete(room);
      }
    },
  };
}
