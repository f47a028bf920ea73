import type { Webhook } from "@botyard/sdk";
import type { Core } from "../core.ts";
import type { DeliveryState, WebhookRecord } from "../store/types.ts";

interface Seen {
  readonly state: DeliveryState;
  /** Why its key does not count any more; null while it does. */
  readonly ended: string | null;
  readonly now: number;
}

/** A webhook as people and programs see it, with what waits for it. */
export async function toWebhook(
  { store, log }: Pick<Core, "store" | "log">,
  record: WebhookRecord,
  { state, ended, now }: Seen,
): Promise<Webhook> {
  const count = await store.countDeliveries(record.name);
  const [first] =
    count.waiting > 0 ? await store.listDeliveries({ webhook: record.name, state: "waiting", limit: 1 }) : [];
  const [oldest] = (await log.ahead(Math.min(state.seq, first ? first.seq - 1 : state.seq))).positions;
  const { key: _key, grant: _grant, disabled, secrets, type, ...shown } = record;
  const reason = disabled?.reason ?? ended ?? state.reason;
  return {
    ...shown,
    type: type === null ? null : [...type],
    state: disabled ? "disabled" : ended !== null ? "ended" : state.level > 0 ? "failing" : "ready",
    since: disabled?.since ?? state.since,
    ...(reason === null ? {} : { reason }),
    nextTryAt: disabled || ended !== null ? null : state.pausedUntil,
    lastDeliveredAt: state.lastDeliveredAt,
    cursor: log.cursorOf(state.seq),
    waiting: Math.max(0, log.head() - state.seq),
    oldestAt: oldest?.committedAt ?? null,
    retrying: count.waiting,
    dead: count.dead,
    skipped: state.skipped,
    lost: state.lost,
    secrets: secrets
      .filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > now)
      .map(({ createdAt, expiresAt }) => ({ createdAt, expiresAt })),
  };
}
