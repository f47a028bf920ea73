import { describe, expect, test } from "vitest";
import type { Decoding } from "../src/decoding.ts";
import { decodeFrame, unwrap } from "../src/frames.ts";
import { ownMemberships } from "../src/frames-rooms.ts";
import { refuse } from "../src/gateway.ts";
import { createMemory } from "../src/memory.ts";
import { createPlaces } from "../src/places.ts";
import { toFrame, type WireReady } from "../src/wire.ts";
import { connections } from "./recordings.ts";

function decoding(): Decoding {
  return {
    places: createPlaces(),
    handle: "helper",
    fresh: new Set(),
    typing: new Map(),
    now: () => "2026-11-20T09:40:00.000Z",
    memory: createMemory(),
    fate: async () => "deleted",
    joinedAt: async () => undefined,
  };
}

describe("every frame a real gateway sent is understood", () => {
  test.each(connections.map((one) => [one.name, one] as const))("%s", async (_, { lines }) => {
    const on = decoding();
    const seen = new Map<string, string>();
    for (const { dir, json, text } of lines) {
      if (dir !== "in") continue;
      const frame = toFrame(text ?? JSON.stringify(json));
      expect(frame).not.toBeNull();
      if (!frame) continue;
      if (frame.type === "Logout" || frame.type === "Error") {
        expect(() => refuse(frame)).toThrow(/token/);
        continue;
      }
      if (frame.type === "Ready") {
        on.places.load(frame as WireReady);
        for (const draft of ownMemberships((frame as WireReady).members ?? [], on))
          expect(draft.type).toBe("member.joined");
        continue;
      }
      for (const one of unwrap(frame)) {
        for (const draft of await decodeFrame(one, on)) {
          expect(Date.parse(draft.time)).not.toBeNaN();
          if (draft.key !== null) {
            const key = JSON.stringify(draft.key);
            expect(seen.get(key) ?? draft.type).toBe(draft.type);
            seen.set(key, draft.type);
          }
          if (draft.room) expect(draft.room.id).toMatch(/^[0-9A-Z]{26}$/);
          expect(draft.native?.["type"]).toBeTypeOf("string");
        }
        on.places.apply(one);
      }
    }
  });

  test("the bot's long socket: what it saw, by kind", async () => {
    const recorded = connections.find(({ name }) => name === "122-ws-bot-invited");
    const on = decoding();
    const counts: Record<string, number> = {};
    for (const { dir, json } of recorded?.lines ?? []) {
      const frame = dir === "in" ? toFrame(JSON.stringify(json)) : null;
      if (!frame || frame.type === "Logout") continue;
      if (frame.type === "Ready") on.places.load(frame as WireReady);
      for (const { type, native } of await decodeFrame(frame, on)) {
        const kind = native?.["meaning"] === undefined ? type : `${type} ${JSON.stringify(native["meaning"])}`;
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
      on.places.apply(frame);
    }
    expect(counts).toEqual({
      "member.joined": 6,
      "member.left": 3,
      "message.created": 38,
      "message.deleted": 9,
      "message.updated": 4,
      "platform.unknown": 18,
      "reaction.added": 6,
      "reaction.removed": 2,
      "room.created": 2,
      "room.deleted": 2,
      "room.updated": 7,
      'room.updated "visible"': 1,
    });
  });
});
