import { decodedAgain, unseenBots } from "../rules.ts";
import type { AppendBatch, Appended, EventBody, PendingEvent, Position, RawRow, Store, StoreInfo } from "../types.ts";

interface Fact {
  readonly connection: string;
  readonly seq: number;
  readonly json: string;
  readonly bots: Set<string>;
  key: string | null;
  /** Last position that points at it. */
  lastSeq: number;
}

interface Place {
  readonly seq: number;
  readonly first: boolean;
  readonly bots: readonly string[];
  readonly committedAt: string;
  readonly id: string;
  readonly fact: Fact;
}

/** @see ../sqlite/log.ts */
export interface MemoryLog {
  readonly methods: Pick<Store, "readPositions" | "getEvent" | "seqBefore" | "listRaw">;
  append(batch: AppendBatch): readonly Appended[];
  forget(connection: string): void;
  bounds(): Pick<StoreInfo, "headSeq" | "oldestSeq">;
  trim(before: string): number;
  trimRaw(before: string): void;
}

export function createMemoryLog(): MemoryLog {
  // Without holes: the place of seq n is at n - oldest.
  let places: Place[] = [];
  let head = 0;
  let raws: RawRow[] = [];
  let lastRaw = 0;
  const facts = new Map<string, Fact>();
  const keys = new Map<string, string>();

  const oldest = (): number => places[0]?.seq ?? head + 1;

  const push = (batch: AppendBatch, id: string, fact: Fact, bots: readonly string[]): number => {
    head = head + 1;
    places.push({ seq: head, first: fact.seq === head, bots, committedAt: batch.committedAt, id, fact });
    for (const bot of bots) fact.bots.add(bot);
    fact.lastSeq = head;
    return head;
  };

  const appendOne = (batch: AppendBatch, event: PendingEvent): Appended => {
    const known = event.key === null ? undefined : keys.get(event.key);
    const fact = known === undefined ? undefined : facts.get(known);
    const again = fact !== undefined && batch.onlyFresh ? decodedAgain(fact.json, event, batch) : "copy";
    if (fact !== undefined && again === "fresh") fact.key = null;
    else if (known !== undefined && fact !== undefined) {
      const late = again === "copy" ? unseenBots(fact.bots, event.bots) : [];
      if (late.length === 0) return { outcome: "duplicate", id: known, seq: null };
      return { outcome: "copy", id: known, seq: push(batch, known, fact, late) };
    }
    const { connection } = batch;
    const { id } = event.body;
    const fresh = { connection, seq: head + 1, json: JSON.stringify(event.body), bots: new Set<string>() };
    const added: Fact = { ...fresh, key: event.key, lastSeq: head + 1 };
    facts.set(id, added);
    if (event.key !== null) keys.set(event.key, id);
    return { outcome: "fresh", id, seq: push(batch, id, added, unseenBots([], event.bots)) };
  };

  const toPosition = ({ seq, first, bots, committedAt, fact }: Place): Position => ({
    seq,
    first,
    bots: [...bots],
    committedAt,
    body: JSON.parse(fact.json) as EventBody,
  });

  return {
    append(batch) {
      const appended = batch.events.map((event) => appendOne(batch, event));
      if (batch.raw) {
        lastRaw += 1;
        const { via, id, bots, bytes, seal } = batch.raw;
        const { connection, committedAt } = batch;
        raws.push({
          n: lastRaw,
          connection,
          via,
          id,
          committedAt,
          bots: bots ? [...bots] : null,
          sealed: seal(bytes).slice(),
          part: null,
        });
      }
      return appended;
    },
    forget(connection) {
      for (const fact of facts.values()) {
        if (fact.connection !== connection || fact.key === null) continue;
        keys.delete(fact.key);
        fact.key = null;
      }
    },
    bounds: () => ({ headSeq: head, oldestSeq: oldest() }),
    methods: {
      async readPositions({ after, limit, connection }) {
        const found: Place[] = [];
        for (let at = Math.max(0, after + 1 - oldest()); at < places.length && found.length < limit; at += 1) {
          const place = places[at];
          if (place && (connection === undefined || place.fact.connection === connection)) found.push(place);
        }
        return found.map(toPosition);
      },
      async getEvent(id) {
        const fact = facts.get(id);
        const place = fact && (places[fact.seq - oldest()] ?? places.find((other) => other.fact === fact));
        return place && fact ? { ...toPosition(place), seq: fact.seq, first: true, bots: [...fact.bots].sort() } : null;
      },
      async seqBefore(time) {
        const last = places.findLast((place) => place.committedAt < time);
        return last?.seq ?? oldest() - 1;
      },
      async listRaw({ connection, before, after, limit }) {
        if (after !== undefined)
          return raws.filter((row) => row.connection === connection && row.n > after).slice(0, limit);
        return raws
          .filter((row) => row.connection === connection && (before === undefined || row.n < before))
          .reverse()
          .slice(0, limit);
      },
    },
    trim(before) {
      const young = places.findIndex((place) => place.committedAt >= before);
      const gone = places.slice(0, young < 0 ? places.length : young);
      places = places.slice(gone.length);
      const end = gone.at(-1)?.seq ?? 0;
      for (const { id, fact } of gone) {
        if (fact.lastSeq > end) continue;
        facts.delete(id);
        if (fact.key !== null) keys.delete(fact.key);
      }
      return gone.length;
    },
    trimRaw(before) {
      const young = raws.findIndex((row) => row.committedAt >= before);
      raws = young < 0 ? [] : raws.slice(young);
    },
  };
}
