import type { Consumer } from "@botyard/sdk";
import type { Core } from "../core.ts";
import { filterPosition } from "../log/filter.ts";
import type { EventFilter } from "../log/types.ts";
import type { ConsumerRecord, Position } from "../store/types.ts";
import { sees } from "./visible.ts";

/** So many positions are looked at one by one; what is further behind is counted without a look. */
const looked = 100;

function filterOf({ connection, bot, room, type, own, grant }: ConsumerRecord): EventFilter {
  const [of = "", handle = ""] = bot?.split("/") ?? [];
  return {
    connection: connection ?? undefined,
    bot: bot === null ? undefined : { connection: of, handle },
    room: room ?? undefined,
    type: type ?? undefined,
    own,
    see: (event) => sees(grant, event),
  };
}

/**
 * The next positions, `looked` at most; where little is of the connection, only its own. From the pieces that are read
 * next anyway.
 */
async function next(log: Core["log"], after: number, connection: string | undefined): Promise<readonly Position[]> {
  let page = await log.ahead(after);
  let positions = page.positions;
  while (page.full && positions.length < looked) {
    page = await log.ahead(positions.at(-1)?.seq ?? after);
    positions = [...positions, ...page.positions];
  }
  const isMixed = connection !== undefined && positions.some(({ body }) => body.connection !== connection);
  if (isMixed && (page.full || positions.length > looked)) positions = (await log.ahead(after, connection)).positions;
  return positions.slice(0, looked);
}

/** What waits for a consumer: exact while it is at most `looked` positions behind, an upper bound else. */
async function backlog(
  { log }: Core,
  record: ConsumerRecord,
): Promise<{ readonly waiting: number; readonly oldest: Position | undefined }> {
  const behind = Math.max(0, log.head() - record.seq);
  if (behind === 0) return { waiting: 0, oldest: undefined };
  const filter = filterOf(record);
  const positions = await next(log, record.seq, filter.bot?.connection ?? filter.connection);
  const passing = positions.filter((position) => filterPosition(filter, position, log.toEvent) !== null);
  const last = positions.at(-1);
  const unseen = positions.length < looked || last === undefined ? 0 : Math.max(0, log.head() - last.seq);
  return { waiting: passing.length + unseen, oldest: passing[0] ?? (unseen > 0 ? last : undefined) };
}

/** A consumer as people and programs see it, with what waits for it. */
export async function toConsumer(core: Core, record: ConsumerRecord): Promise<Consumer> {
  const { seq, key: _, grant: __, type, skipped, ...shown } = record;
  const { waiting, oldest } = await backlog(core, record);
  return {
    ...shown,
    type: type === null ? null : [...type],
    skipped: skipped?.count ?? 0,
    cursor: core.log.cursorOf(seq),
    waiting,
    oldestAt: oldest?.committedAt ?? null,
  };
}
