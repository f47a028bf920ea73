import type { Principal } from "../runtime-types.ts";
import { allowsConnection, isAdmin } from "../access/grants.ts";
import type { CoreHandlers } from "../invoke/context.ts";
import { backup } from "../keeping/backup.ts";
import { toConnection } from "../supervise/states.ts";
import { toConsumer } from "./consumer-view.ts";

const own =
  ({ keyId, grant }: Principal) =>
  (record: { readonly key: string }): boolean =>
    record.key === keyId || isAdmin(grant);

export const service: CoreHandlers<"service"> = {
  "service.backup": backup,

  async "service.status"(_, { core, principal }) {
    const info = await core.store.info();
    const { registry } = core;
    const consumers = registry.list("consumer").filter(own(principal));
    const webhooks = registry.list("webhook").filter(own(principal));
    return {
      version: core.version,
      startedAt: core.startedAt,
      time: core.now(),
      disk: await core.store.disk(),
      log: { seq: info.headSeq, oldestSeq: info.oldestSeq, bytes: info.bytes, retentionMs: core.retentionMs },
      hooks: core.hooksUrl,
      connections: registry
        .list("connection")
        .filter((record) => allowsConnection(principal.grant, record.id))
        .map((record) => toConnection(core, core.supervisor.live(record.id), record)),
      consumers: await Promise.all(consumers.map((record) => toConsumer(core, record))),
      webhooks: await Promise.all(webhooks.map((record) => core.webhooks.view(record))),
      ledger: await core.store.countEffects(),
    };
  },
};
