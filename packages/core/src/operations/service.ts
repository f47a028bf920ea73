import { allowsConnection, isAdmin } from "../access/grants.ts";
import type { CoreHandlers } from "../invoke/context.ts";
import { toConnection } from "../supervise/states.ts";

export const service: CoreHandlers<"service"> = {
  async "service.status"(_, { core, principal }) {
    const info = await core.store.info();
    const { grant, keyId } = principal;
    const consumers = core.registry.list("consumer").filter((record) => record.key === keyId || isAdmin(grant));
    return {
      version: core.version,
      startedAt: core.startedAt,
      log: { seq: info.headSeq, oldestSeq: info.oldestSeq, bytes: info.bytes, retentionMs: core.retentionMs },
      hooks: core.hooksUrl,
      connections: core.registry
        .list("connection")
        .filter((record) => allowsConnection(grant, record.id))
        .map((record) => toConnection(core.registry, core.supervisor.live(record.id), record)),
      consumers: consumers.map(({ seq, key: _key, grant: _grant, type, ...shown }) => ({
        ...shown,
        type: type === null ? null : [...type],
        cursor: core.log.cursorOf(seq),
        waiting: Math.max(0, info.headSeq - seq),
      })),
      ledger: await core.store.countEffects(),
    };
  },
};
