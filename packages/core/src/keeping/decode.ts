import { BotyardError, type Intake, type RawIntake } from "@botyard/sdk";
import type { Core } from "../core.ts";
import { createRawOpener } from "../log/raw.ts";
import type { RawRow } from "../store/types.ts";

export interface Decoded {
  readonly intakes: number;
  readonly events: number;
  readonly unknown: number;
  readonly failed: number;
  /** Number of the last intake that was looked at, where there are more. */
  readonly next: number | null;
}

const page = 100;

/**
 * Decodes the kept intakes of a connection again, oldest first, until `until` (Unix milliseconds) or their end. What the
 * log has already stays as it is: only drafts with a key enter it, and only where the key is new or that of something
 * that was not understood. Intakes of before the oldest kept event are left out, because the keys of what was removed
 * since are gone; so are those of an earlier connection of the same name. Throws `unsupported` where the platform cannot decode again.
 */
export async function decodeAgain(
  core: Pick<Core, "store" | "sealer" | "log" | "logger" | "registry" | "clock" | "supervisor">,
  connection: string,
  options: { readonly after: number; readonly until: number; readonly signal: AbortSignal },
): Promise<Decoded> {
  const { live, session } = await core.supervisor.session(connection);
  const decode = session.receive?.decode?.bind(session.receive);
  if (!decode)
    throw new BotyardError("unsupported", `${live.platform.title} cannot decode again what it received`, {
      instead: `botyard gaps list --connection ${connection}`,
    });
  const about = { id: connection, platform: live.platform.id };
  const since = await keptSince(core, connection);
  const rawOf = createRawOpener(core.sealer);
  const counts = { intakes: 0, events: 0, unknown: 0, failed: 0 };

  /** Without bots that were made later under the handle of one that is gone. */
  const ofTheirTime = (row: RawRow): RawRow => {
    if (row.bots === null) return row;
    const later = core.registry.bots(connection).filter(({ createdAt }) => createdAt > row.committedAt);
    return { ...row, bots: row.bots.filter((name) => !later.some(({ handle }) => handle === name)) };
  };

  const one = async (row: RawRow): Promise<void> => {
    try {
      const intake = toIntake(ofTheirTime(row), rawOf(row));
      const drafts = await decode(intake);
      counts.unknown += drafts.filter(({ type }) => type === "platform.unknown").length;
      const events = drafts.filter(({ key, type }) => key !== null && type !== "platform.unknown");
      counts.intakes += 1;
      if (events.length === 0) return;
      const { bots } = intake;
      const again: Intake = { via: "backfill", id: `raw ${row.n}`, ...(bots ? { bots } : {}), events };
      // Where each bot has an intake of its own, each brings what it saw of the same fact.
      const copies = bots ? ({ copies: true } as const) : {};
      counts.events += (await core.log.commit(about, again, { onlyFresh: true, ...copies })).fresh;
    } catch (error) {
      counts.failed += 1;
      core.logger.warn("an intake could not be decoded again", { connection, intake: row.n, error });
    }
  };

  let { after } = options;
  for (;;) {
    const rows = await core.store.listRaw({ connection, after, limit: page });
    // One after the other: they enter the log in the order they came.
    for (const row of rows) if (row.committedAt >= since) await one(row);
    after = rows.at(-1)?.n ?? after;
    if (rows.length < page) return { ...counts, next: null };
    if (options.signal.aborted || core.clock.now() >= options.until) return { ...counts, next: after };
  }
}

function toIntake(row: RawRow, raw: Uint8Array): RawIntake {
  return {
    // Only what `Intake` allows was ever written.
    via: row.via as Intake["via"],
    ...(row.id === null ? {} : { id: row.id }),
    ...(row.bots === null ? {} : { bots: row.bots }),
    raw,
    receivedAt: row.committedAt,
  };
}

/** Intakes of before this moment may hold facts whose keys the log has forgotten; `~`: all of them may. */
async function keptSince({ store, registry }: Pick<Core, "store" | "registry">, connection: string): Promise<string> {
  const { createdAt } = registry.connection(connection);
  const { oldestSeq } = await store.info();
  if (oldestSeq <= 1) return createdAt;
  const [oldest] = await store.readPositions({ after: oldestSeq - 1, limit: 1 });
  if (!oldest) return "~";
  return oldest.committedAt > createdAt ? oldest.committedAt : createdAt;
}
