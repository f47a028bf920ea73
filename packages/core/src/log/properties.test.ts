import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draft, openTestLog } from "./test-log.ts";

const handles = ["one", "two", "three"] as const;

/** A room's messages, delivered to several bots: each bot's copies in order, but late, repeated and interleaved. */
const deliveries = fc
  .record({
    messages: fc.array(fc.constantFrom("room-1", "room-2"), { minLength: 1, maxLength: 12 }),
    turns: fc.array(fc.record({ bot: fc.constantFrom(...handles), repeat: fc.boolean() }), { maxLength: 80 }),
    together: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ messages, turns, together }) => {
    const next = new Map<string, number>(handles.map((handle) => [handle, 0]));
    const steps = turns.flatMap(({ bot, repeat }) => {
      const at = next.get(bot) ?? 0;
      if (!repeat) next.set(bot, at + 1);
      const room = messages[at];
      return room === undefined ? [] : [{ bot, room, id: `m${at}` }];
    });
    return { steps, together };
  });

describe("however copies come", () => {
  it("each event is in the log once, in order per room, and each bot sees each of its events once", async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ steps, together }) => {
        const { log, commit } = await openTestLog();
        for (let at = 0; at < steps.length; at += together) {
          const some = steps.slice(at, at + together);
          await Promise.all(
            some.map(({ bot, room, id }) => commit({ bots: [bot], events: [draft(id, { room: { id: room } })] })),
          );
        }
        const all = (await log.read({ after: 0, filter: {}, limit: 500 })).items;
        const delivered = new Set<string | undefined>(steps.map(({ id }) => id));
        expect(all).toHaveLength(delivered.size);
        expect(new Set(all.map((event) => event.message?.id))).toEqual(delivered);
        expect(new Set(all.map((event) => event.id)).size).toBe(all.length);

        for (const room of ["room-1", "room-2"]) {
          const order = all
            .filter((event) => event.room?.id === room)
            .map((event) => Number(event.message?.id.slice(1)));
          expect(order).toEqual(order.toSorted((a, b) => a - b));
        }
        for (const handle of handles) {
          const filter = { bot: { connection: "chat", handle } };
          const seen = (await log.read({ after: 0, filter, limit: 500 })).items.map((event) => event.message?.id);
          const own = new Set(steps.filter(({ bot }) => bot === handle).map(({ id }) => id));
          expect(seen).toEqual([...own]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("pages of any size, read in any steps, are the whole once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        async (passes, limits) => {
          const { log, commit } = await openTestLog();
          const events = passes.map((pass, n) => draft(`m${n}`, { room: { id: pass ? "room-1" : "room-2" } }));
          await commit({ bots: ["one"], events });
          const seen: (string | undefined)[] = [];
          let seq = 0;
          for (let n = 0; seq < passes.length; n += 1) {
            const limit = limits[n % limits.length] ?? 1;
            const page = await log.read({ after: seq, filter: { room: "room-1" }, limit });
            seen.push(...page.items.map((event) => event.message?.id));
            expect(page.seq).toBeGreaterThan(seq);
            seq = page.seq;
          }
          expect(seen).toEqual(passes.flatMap((pass, n) => (pass ? [`m${n}`] : [])));
        },
      ),
      { numRuns: 60 },
    );
  });
});
