import { describe, expect, it } from "vitest";
import type { RawRow } from "../types.ts";
import { batch, event, member, reversed, time } from "./samples.ts";
import { eachStore, type OpenTested } from "./tested.ts";

/** What a reader finds who opens the seal and takes the intake's part. */
const opened = ({ sealed, part }: RawRow): string =>
  Buffer.from(reversed(sealed).subarray(part?.[0], part?.[1] ?? undefined)).toString();

/** Part of the suite: raw intakes. */
export function testRaws(open: OpenTested): void {
  describe("raw intakes", () => {
    const store = eachStore(open);

    it("lists intakes oldest first after a number, with the bots they were for", async () => {
      const raw = (id: string, bots?: string[]) => ({
        via: "webhook",
        id,
        bots,
        bytes: new Uint8Array([1]),
        seal: reversed,
      });
      for (const [at, bots] of [["helper"], undefined, ["one", "two"]].entries())
        await store().appendEvents(batch([], { raw: raw(`${at}`, bots) }));
      const found = await store().listRaw({ connection: "chat", after: 1, limit: 10 });
      expect(found.map(({ n, id, bots }) => ({ n, id, bots }))).toEqual([
        { n: 2, id: "1", bots: null },
        { n: 3, id: "2", bots: ["one", "two"] },
      ]);
      expect(await store().listRaw({ connection: "other", after: 0, limit: 10 })).toEqual([]);
    });

    it("keeps each of the intakes that come at once, of every connection, in their order", async () => {
      const sent = Array.from({ length: 150 }, (_, at) => ({
        connection: at % 50 < 40 ? "chat" : "other",
        committedAt: time(at),
        raw: {
          via: at % 2 === 0 ? "webhook" : "frame",
          id: at % 3 === 0 ? null : `${at}`,
          bots: at % 5 === 0 ? undefined : [`bot${at}`],
          bytes: Buffer.from(at === 7 ? "" : `intake ${at}`),
          seal: reversed,
        },
      }));
      await Promise.all(sent.map((one) => store().appendEvents({ ...batch([]), ...one })));
      for (const connection of ["chat", "other"]) {
        const rows = await store().listRaw({ connection, after: 0, limit: 200 });
        expect(
          rows.map((row) => ({ ...row, n: 0, sealed: null, part: null, bytes: opened(row) })),
          connection,
        ).toEqual(
          sent
            .filter((one) => one.connection === connection)
            .map(({ committedAt, raw }) => ({
              n: 0,
              connection,
              committedAt,
              via: raw.via,
              id: raw.id,
              bots: raw.bots ?? null,
              sealed: null,
              part: null,
              bytes: raw.bytes.toString(),
            })),
        );
        const paged: number[] = [];
        for (let after = 0; ; after = paged.at(-1) ?? 0) {
          const page = await store().listRaw({ connection, after, limit: 7 });
          paged.push(...page.map(({ n }) => n));
          if (page.length < 7) break;
        }
        expect(paged).toEqual(rows.map(({ n }) => n));
        const back: number[] = [];
        for (let before: number | undefined; ; before = back.at(-1)) {
          const page = await store().listRaw({ connection, limit: 7, ...(before === undefined ? {} : { before }) });
          back.push(...page.map(({ n }) => n));
          if (page.length < 7) break;
        }
        expect(back).toEqual(paged.toReversed());
      }
      const last = (await store().listRaw({ connection: "chat", limit: 1 }))[0]?.n ?? 0;
      const raw = { via: "poll", id: "next", bytes: Buffer.from("next"), seal: reversed };
      await store().appendEvents(batch([], { raw }));
      const next = await store().listRaw({ connection: "chat", after: last, limit: 9 });
      expect(next.map(opened)).toEqual(["next"]);
    });

    it("keeps no intake of a write that conflicts, and those of its neighbours", async () => {
      await store().putRecords([member("r", "b")]);
      const raw = (id: string) => ({ via: "webhook", id, bytes: Buffer.from(id), seal: reversed });
      const taken = { ...member("r", "b"), absent: true } as const;
      const done = await Promise.allSettled([
        store().appendEvents(batch([event("A")], { raw: raw("A") })),
        store().appendEvents(batch([event("B")], { raw: raw("B"), records: [taken] })),
        store().appendEvents(batch([event("C")], { raw: raw("C") })),
      ]);
      expect(done.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      const rows = await store().listRaw({ connection: "chat", after: 0, limit: 9 });
      expect(rows.map((row) => [row.id, opened(row)])).toEqual([
        ["A", "A"],
        ["C", "C"],
      ]);
    });

    it("trims raw intakes by their own time", async () => {
      for (const minute of [1, 2, 3]) {
        const raw = { via: "webhook", id: null, bytes: new Uint8Array([minute]), seal: reversed };
        await store().appendEvents(batch([event(`E${minute}`)], { committedAt: time(minute), raw }));
      }
      expect(await store().trim({ raw: time(3) })).toBe(0);
      const rows = await store().listRaw({ connection: "chat", limit: 9 });
      expect(rows.map(({ n }) => n)).toEqual([3]);
      expect(await store().readPositions({ after: 0, limit: 9 })).toHaveLength(3);
    });

    it("pages raw intakes, newest first", async () => {
      for (const id of ["A", "B", "C"]) {
        const raw = { via: "poll", id, bytes: new Uint8Array(1), seal: reversed };
        await store().appendEvents(batch([event(id)], { raw }));
      }
      const page = await store().listRaw({ connection: "chat", limit: 2 });
      expect(page.map(({ id }) => id)).toEqual(["C", "B"]);
      const next = await store().listRaw({ connection: "chat", limit: 2, before: page.at(-1)?.n ?? 0 });
      expect(next.map(({ id }) => id)).toEqual(["A"]);
    });
  });
}
