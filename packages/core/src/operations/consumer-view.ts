import type { Consumer } from "@botyard/sdk";
import type { Core } from "../core.ts";
import type { ConsumerRecord } from "../store/types.ts";

/** A consumer as people and programs see it, with what waits for it. */
export async function toConsumer(core: Core, record: ConsumerRecord): Promise<Consumer> {
  const { seq, key: _, grant: __, type, skipped, ...shown } = record;
  const waiting = Math.max(0, core.log.head() - seq);
  const narrow = record.bot?.split("/")[0] ?? record.connection ?? undefined;
  const [oldest] =
    waiting === 0
      ? []
      : await core.store.readPositions({
          after: seq,
          limit: 1,
          ...(narrow === undefined ? {} : { connection: narrow }),
        });
  return {
    ...shown,
    type: type === null ? null : [...type],
    skipped: skipped?.count ?? 0,
    cursor: core.log.cursorOf(seq),
    waiting,
    oldestAt: oldest?.committedAt ?? null,
  };
}
