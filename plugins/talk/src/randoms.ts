import { isObject, numberOf, textOf } from "./wire.ts";

/**
 * Randoms of webhooks, of which each counts once. A restart knows the last 512 of each bot. They are written in blocks:
 * an event with a key is in the log for good, so that its random may wait for others; that of a reaction, which has no
 * key, is written with it.
 */
export interface Randoms {
  /** False where the random was used before; else it counts as used until `unuse`. */
  use(handle: string, random: string): boolean;
  unuse(handle: string, random: string): void;
  /** Entries for the store, written by who commits; null where it waits for others. */
  keep(handle: string, random: string, canWait: boolean): Readonly<Record<string, unknown>> | null;
  /** Entries with all that waits. */
  rest(): Readonly<Record<string, unknown>>;
  /** Takes over an entry of the store, of this version or of the one before; false: it is none of ours. */
  take(key: string, value: unknown): boolean;
  /** Entries that bring what an earlier version has written into today's form; `{}` where there is none. */
  renew(): Readonly<Record<string, unknown>>;
  forget(handle: string): void;
}

/** Of one bot in memory: at least the last so many, at most twice as many. */
const kept = 10_000;
/** Of one bot in the store: so many blocks of so many. */
const blocks = 16;
const perBlock = 32;

interface OfBot {
  /** Two generations: forgetting one by one would cost more with each. */
  used: Set<string>;
  before: Set<string>;
  /** Number of the block that is being filled, counted on for ever, and what is in it. */
  block: number;
  filling: string[];
}

export function createRandoms(): Randoms {
  const bots = new Map<string, OfBot>();
  /** Entries of Botyard 0.1: one random each. */
  const single = new Map<string, string>();

  const of = (handle: string): OfBot => {
    const known = bots.get(handle);
    if (known) return known;
    const fresh: OfBot = { used: new Set(), before: new Set(), block: 0, filling: [] };
    bots.set(handle, fresh);
    return fresh;
  };
  const note = (bot: OfBot, random: string): void => {
    bot.used.add(random);
    if (bot.used.size < kept) return;
    bot.before = bot.used;
    bot.used = new Set();
  };
  const entry = (handle: string, { block, filling }: OfBot): Readonly<Record<string, unknown>> => ({
    [`randoms/${handle}/${block % blocks}`]: { block, used: [...filling] },
  });

  const goOn = (bot: OfBot, block: number, used: string[]): void => {
    const full = used.length >= perBlock;
    bot.block = full ? block + 1 : block;
    bot.filling = full ? [] : used;
  };

  const randoms: Randoms = {
    use(handle, random) {
      const bot = of(handle);
      if (bot.used.has(random) || bot.before.has(random)) return false;
      note(bot, random);
      return true;
    },
    unuse(handle, random) {
      const bot = of(handle);
      bot.used.delete(random);
      bot.before.delete(random);
      bot.filling = bot.filling.filter((one) => one !== random);
    },
    keep(handle, random, canWait) {
      const bot = of(handle);
      bot.filling.push(random);
      if (canWait && bot.filling.length < perBlock) return null;
      const entries = entry(handle, bot);
      goOn(bot, bot.block, bot.filling);
      return entries;
    },
    rest: () =>
      Object.assign({}, ...[...bots].map(([handle, bot]) => (bot.filling.length > 0 ? entry(handle, bot) : {}))),
    take(key, value) {
      const [kind, handle = ""] = key.split("/");
      if (kind === "seen") {
        single.set(key, textOf(value));
        note(of(handle), textOf(value));
        return true;
      }
      if (kind !== "randoms" || !isObject(value)) return false;
      const bot = of(handle);
      const block = numberOf(value["block"]);
      const used = Array.isArray(value["used"]) ? value["used"].map(textOf) : [];
      for (const random of used) note(bot, random);
      if (block >= bot.block) goOn(bot, block, used);
      return true;
    },
    renew() {
      const entries: Record<string, unknown> = {};
      for (const [key, random] of single) {
        entries[key] = null;
        Object.assign(entries, randoms.keep(key.split("/")[1] ?? "", random, true));
      }
      const renewed = single.size > 0 ? { ...entries, ...randoms.rest() } : {};
      single.clear();
      return renewed;
    },
    forget: (handle) => void bots.delete(handle),
  };
  return randoms;
}
