import { type Consumer, type Event, BotyardError, type Gap, parseAddress } from "@botyard/sdk";
import { allowsBot, allowsConnection, refuse, isAdmin } from "../access/grants.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import type { EventFilter } from "../log/types.ts";
import type { ConsumerRecord } from "../store/types.ts";
import { limitOf, pageOf } from "./page.ts";
import { sees, visibleEvent } from "./visible.ts";

interface FilterInput {
  readonly connection?: string | null | undefined;
  readonly bot?: string | null | undefined;
  readonly room?: string | null | undefined;
  readonly type?: readonly string[] | null | undefined;
  readonly own?: boolean | undefined;
}

/** A filter as it is written, resolved: addresses to connections, a room's handle to its id. */
async function toFilter(call: CallContext, input: FilterInput): Promise<EventFilter> {
  const { core, principal } = call;
  const ids = core.registry.list("connection").map((record) => record.id);
  let connection = input.connection ?? undefined;
  const place = (text: string | null | undefined, what: string): string | undefined => {
    if (!text) return undefined;
    const address = parseAddress(text, ids);
    connection = address.connection ?? connection ?? (ids.length === 1 ? ids[0] : undefined);
    if (connection === undefined)
      throw new BotyardError(
        "invalid",
        `several connections: write the ${what} as <connection>/${address.name} (${ids.join(", ")})`,
        { issues: [{ path: what, expected: `<connection>/<${what}>` }] },
      );
    return address.name;
  };
  const handle = place(input.bot, "bot");
  const roomRef = place(input.room, "room");
  if (connection !== undefined) {
    if (!allowsConnection(principal.grant, connection)) throw refuse(principal, call.operation.name, connection);
    core.registry.connection(connection);
  }
  let bot: EventFilter["bot"];
  if (handle !== undefined && connection !== undefined) {
    if (!allowsBot(principal.grant, connection, handle))
      throw refuse(principal, call.operation.name, `${connection}/${handle}`);
    core.registry.bot(connection, handle);
    bot = { connection, handle };
  }
  let room: string | undefined;
  if (roomRef !== undefined && connection !== undefined) {
    const { session } = await core.supervisor.session(connection);
    room = (await session.resolveRoom(roomRef, null)) ?? roomRef;
  }
  return { connection, bot, room, type: input.type ?? undefined, own: input.own };
}

const seeing = (filter: EventFilter, grant: ConsumerRecord["grant"]): EventFilter => ({
  ...filter,
  see: (event: Event) => sees(grant, event),
});

function findConsumer({ core, principal }: CallContext, name: string): ConsumerRecord {
  const record = core.registry.get("consumer", name);
  if (!record || (record.key !== principal.keyId && !isAdmin(principal.grant)))
    throw new BotyardError("not_found", `there is no consumer "${name}"`, { fix: `botyard consumers put ${name}` });
  return record;
}

function toConsumer({ core }: CallContext, record: ConsumerRecord): Consumer {
  const { seq, key: _, grant: __, type, ...shown } = record;
  return {
    ...shown,
    type: type === null ? null : [...type],
    cursor: core.log.cursorOf(seq),
    waiting: Math.max(0, core.log.head() - seq),
  };
}

const save = ({ core }: CallContext, value: ConsumerRecord) =>
  core.registry.save([{ kind: "consumer", id: value.name, scope: "", value }]);

/** The last events, where nobody says where to begin. */
const lastEvents = 100;

export const events: CoreHandlers<"events"> & CoreHandlers<"consumers"> & CoreHandlers<"gaps"> = {
  async "events.list"({ from, waitMs, limit, ...filter }, call) {
    const { log } = call.core;
    const after =
      from === undefined
        ? Math.max(0, (await call.core.store.info()).oldestSeq - 1, log.head() - lastEvents)
        : await log.seqOf(from);
    const page = await log.read({
      after,
      filter: seeing(await toFilter(call, filter), call.principal.grant),
      limit: limit ?? lastEvents,
      waitMs,
      signal: call.signal,
    });
    return { items: [...page.items], cursor: log.cursorOf(page.seq) };
  },

  async "events.stream"({ from, ...filter }, call) {
    const { log } = call.core;
    const after = await log.seqOf(from ?? "now");
    return log.stream({
      after,
      filter: seeing(await toFilter(call, filter), call.principal.grant),
      signal: call.signal,
    });
  },

  "events.get": ({ event }, call) => visibleEvent(call, event),

  async "consumers.list"(input, call) {
    const { core, principal } = call;
    const seen = core.registry
      .list("consumer")
      .filter((record) => record.key === principal.keyId || isAdmin(principal.grant));
    return pageOf(
      seen,
      input,
      (record) => record.name,
      (record) => toConsumer(call, record),
    );
  },

  async "consumers.get"({ consumer }, call) {
    return toConsumer(call, findConsumer(call, consumer));
  },

  async "consumers.put"({ consumer, start, ...wanted }, call) {
    const { core, principal } = call;
    const before = core.registry.get("consumer", consumer);
    if (before) findConsumer(call, consumer);
    const filter = await toFilter(call, wanted);
    const record: ConsumerRecord = {
      name: consumer,
      connection: filter.connection ?? null,
      bot: filter.bot ? `${filter.bot.connection}/${filter.bot.handle}` : null,
      room: filter.room ?? null,
      type: filter.type ?? null,
      own: wanted.own ?? false,
      maxAgeMs: wanted.maxAgeMs ?? null,
      seq: before?.seq ?? (await core.log.seqOf(start ?? "now")),
      createdAt: before?.createdAt ?? core.now(),
      lastAckAt: before?.lastAckAt ?? null,
      key: before?.key ?? principal.keyId,
      grant: principal.grant,
    };
    await save(call, record);
    if (!before) call.reply.status = 201;
    return toConsumer(call, record);
  },

  async "consumers.delete"({ consumer }, call) {
    const record = findConsumer(call, consumer);
    await call.core.registry.save([{ kind: "consumer", id: record.name, scope: "", value: null }]);
    return { name: record.name };
  },

  async "consumers.events"({ consumer, waitMs, limit }, call) {
    const { log } = call.core;
    const record = findConsumer(call, consumer);
    const filter = seeing(await toFilter(call, record), record.grant);
    const page = await log.read({
      after: record.seq,
      filter,
      limit: limit ?? lastEvents,
      waitMs,
      maxAgeMs: record.maxAgeMs,
      signal: call.signal,
    });
    return { items: [...page.items], cursor: log.cursorOf(page.seq) };
  },

  async "consumers.ack"({ consumer, cursor }, call) {
    const record = findConsumer(call, consumer);
    if (!cursor.startsWith("c_"))
      throw new BotyardError("invalid", "a cursor looks like c_7f2_4812; take `cursor` of the page you handled", {
        issues: [{ path: "cursor", expected: "a cursor c_…" }],
      });
    const seq = await call.core.log.seqOf(cursor);
    // An acknowledgement that arrives late takes nothing back.
    const acked: ConsumerRecord = { ...record, seq: Math.max(record.seq, seq), lastAckAt: call.core.now() };
    await save(call, acked);
    return toConsumer(call, acked);
  },

  async "gaps.list"(input, { core, principal }) {
    const scope = input.connection === undefined || input.connection === "-" ? undefined : input.connection;
    const seen = core.registry
      .list("gap", scope)
      .filter(
        (gap: Gap) =>
          allowsConnection(principal.grant, gap.connection) &&
          (input.state === undefined || gap.state === input.state) &&
          (!principal.grant.bots ||
            !gap.bots ||
            gap.bots.some((bot) => allowsBot(principal.grant, gap.connection, bot))),
      );
    return pageOf(
      seen.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      { ...input, limit: limitOf(input) },
      (gap) => gap.id,
      (gap) => gap,
    );
  },
};
