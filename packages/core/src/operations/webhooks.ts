import { BotyardError } from "@botyard/sdk";
import { ulid } from "ulid";
import { isAdmin, mayReachPrivate } from "../access/grants.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import type { AttemptRow, WebhookRecord, WebhookSecret } from "../store/types.ts";
import { makeSecret, webhookSealName } from "../webhooks/signing.ts";
import { putWebhook } from "../webhooks/webhooks.ts";
import { toFilter, type FilterInput } from "./events.ts";
import { limitOf, newestFirst, numberCursor } from "./page.ts";
import { sees } from "./visible.ts";

const overlapMs = 86_400_000;
/** Dead ones that are sent again in one call. */
const mostAgain = 20_000;

/** Hidden and missing answer alike. */
function find({ core, principal }: CallContext, name: string): WebhookRecord {
  const record = core.registry.get("webhook", name);
  if (!record || (record.key !== principal.keyId && !isAdmin(principal.grant)))
    throw new BotyardError("not_found", `there is no webhook "${name}"`, {
      fix: `botyard webhooks create ${name} <url>`,
    });
  return record;
}

async function filterOf(call: CallContext, input: FilterInput) {
  const filter = await toFilter(call, input);
  return {
    connection: filter.connection ?? null,
    bot: filter.bot ? `${filter.bot.connection}/${filter.bot.handle}` : null,
    room: filter.room ?? null,
    type: filter.type ?? null,
    own: filter.own ?? false,
  };
}

function newSecret({ core }: CallContext, webhook: string): { secret: string; kept: WebhookSecret } {
  const secret = makeSecret();
  const id = ulid(core.clock.now());
  const sealed = core.sealer.seal(webhookSealName(webhook, id), secret);
  return { secret, kept: { id, sealed, createdAt: core.now(), expiresAt: null } };
}

const toAttempt = ({ n: _, ...row }: AttemptRow & { readonly n: number }) => row;

export const webhooks: CoreHandlers<"webhooks"> = {
  async "webhooks.list"(input, call) {
    const { core, principal } = call;
    const seen = core.registry
      .list("webhook")
      .filter((record) => record.key === principal.keyId || isAdmin(principal.grant))
      .filter((record) => input.cursor === undefined || record.name > input.cursor);
    const limit = limitOf(input);
    const page = newestFirst(
      seen,
      limit,
      (record) => record.name,
      (record) => record,
    );
    return { ...page, items: await Promise.all(page.items.map((record) => core.webhooks.view(record))) };
  },

  async "webhooks.get"({ webhook }, call) {
    return call.core.webhooks.view(find(call, webhook));
  },

  async "webhooks.create"({ name, url, start, maxAgeMs, ...wanted }, call) {
    const { core, principal } = call;
    if (core.registry.get("webhook", name))
      throw new BotyardError("conflict", `there is a webhook "${name}" already; choose another name`, {
        fix: `botyard webhooks update ${name}`,
      });
    const filter = await filterOf(call, wanted);
    const seq = await core.log.seqOf(start ?? "now");
    const { secret, kept } = newSecret(call, name);
    const record: WebhookRecord = {
      name,
      url,
      ...filter,
      maxAgeMs: maxAgeMs ?? null,
      privateNetwork: mayReachPrivate(principal.grant),
      secrets: [kept],
      disabled: null,
      createdAt: core.now(),
      key: principal.keyId,
      grant: principal.grant,
    };
    await core.webhooks.place(name, seq);
    await core.registry.save([{ ...putWebhook(record), absent: true }]);
    call.reply.status = 201;
    call.reply.location = `/v1/webhooks/${name}`;
    return { ...(await core.webhooks.view(record)), secret };
  },

  async "webhooks.update"({ webhook, url, maxAgeMs, enabled, ...wanted }, call) {
    const { core, principal } = call;
    const before = find(call, webhook);
    const changed = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
    const filter = Object.keys(changed).length > 0 ? await filterOf(call, { ...before, ...changed }) : {};
    const disabled =
      enabled === undefined
        ? before.disabled
        : enabled
          ? null
          : (before.disabled ?? { since: core.now(), reason: "switched off by webhooks.update" });
    const record: WebhookRecord = {
      ...before,
      ...filter,
      ...(url === undefined ? {} : { url, privateNetwork: mayReachPrivate(principal.grant) }),
      ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
      disabled,
    };
    await core.registry.save([putWebhook(record)]);
    if (url !== undefined || (enabled && before.disabled)) await core.webhooks.hurry(webhook);
    return core.webhooks.view(record);
  },

  async "webhooks.rotate"({ webhook, overlapMs: overlap = overlapMs }, call) {
    const { core } = call;
    const before = find(call, webhook);
    const { secret, kept } = newSecret(call, webhook);
    const now = core.clock.now();
    // Two at most: whoever rotates twice means that the first is to end.
    const [last] = before.secrets;
    const old = last && overlap > 0 ? [{ ...last, expiresAt: new Date(now + overlap).toISOString() }] : [];
    const record = { ...before, secrets: [kept, ...old] };
    await core.registry.save([putWebhook(record)]);
    return { ...(await core.webhooks.view(record)), secret };
  },

  async "webhooks.delete"({ webhook }, call) {
    const record = find(call, webhook);
    await call.core.registry.save([{ kind: "webhook", id: record.name, scope: "", value: null }]);
    await call.core.webhooks.forget(record.name);
    return { name: record.name };
  },

  async "webhooks.test"({ webhook }, call) {
    return call.core.webhooks.test(find(call, webhook));
  },

  async "webhooks.attempts"({ webhook, event, ...input }, call) {
    const { name } = find(call, webhook);
    const limit = limitOf(input);
    const before = numberCursor(input.cursor);
    const rows = await call.core.store.listAttempts({
      webhook: name,
      ...(event === undefined ? {} : { event }),
      ...(before === undefined ? {} : { before }),
      limit: limit + 1,
    });
    return newestFirst(rows, limit, (row) => String(row.n), toAttempt);
  },

  async "webhooks.deliveries"({ webhook, state, ...input }, call) {
    const { name } = find(call, webhook);
    const limit = limitOf(input);
    const after = numberCursor(input.cursor);
    const rows = await call.core.store.listDeliveries({
      webhook: name,
      ...(state === undefined ? {} : { state }),
      ...(after === undefined ? {} : { after }),
      limit: limit + 1,
    });
    return newestFirst(
      rows,
      limit,
      (row) => String(row.seq),
      // One that waits behind another of its room has no time of its own.
      ({ lane: _, ...row }) => ({
        ...row,
        nextAt: row.state === "dead" || Date.parse(row.nextAt) === 0 ? null : row.nextAt,
      }),
    );
  },

  async "webhooks.replay"({ webhook, event, from, until, now }, call) {
    const { core } = call;
    const { name, grant } = find(call, webhook);
    if (event !== undefined && from !== undefined)
      throw new BotyardError("invalid", "say which event, or from where on, not both", {
        issues: [{ path: "from", expected: "not together with event" }],
      });
    let queued: number | null = 0;
    if (event !== undefined) {
      const found = await core.store.getEvent(event);
      if (!found || !sees(grant, core.log.toEvent(found)))
        throw new BotyardError("not_found", `there is no event ${event} (any more)`);
      const { connection, room } = found.body;
      queued = await core.webhooks.again(name, [
        {
          seq: found.seq,
          event,
          lane: `${connection}/${room?.id ?? ""}`,
          state: "waiting",
          attempts: 0,
          nextAt: core.now(),
          reason: null,
        },
      ]);
    } else if (from !== undefined) {
      await core.webhooks.range(name, await core.log.seqOf(from), await core.log.seqOf(until ?? "now"));
      queued = null;
    } else if (!now)
      queued = await core.webhooks.again(
        name,
        await core.store.listDeliveries({ webhook: name, state: "dead", limit: mostAgain }),
      );
    if (now) await core.webhooks.hurry(name);
    return { queued };
  },
};
