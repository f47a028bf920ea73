import { type Event, BotyardError, type Gap, parseAddress } from "@botyard/sdk";
import { allowsBot, allowsConnection, isAdmin, refuse, seesAll } from "../access/grants.ts";
import type { Core } from "../core.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import type { EventFilter } from "../log/types.ts";
import type { ConsumerRecord } from "../store/types.ts";
import { toConsumer } from "./consumer-view.ts";
import { limitOf, pageOf } from "./page.ts";
import { sees, seesGap, visibleEvent } from "./visible.ts";

export interface FilterInput {
  readonly connection?: string | null | undefined;
  readonly bot?: string | null | undefined;
  readonly room?: string | null | undefined;
  readonly type?: readonly string[] | null | undefined;
  readonly own?: boolean | undefined;
}

/** A filter as it is written, resolved: addresses to connections, a room's handle to its id. */
export async function toFilter(call: CallContext, input: FilterInput): Promise<EventFilter> {
  const { core, principal } = call;
  // Only those the caller may see: what is hidden is read like a name that nobody gave.
  const ids = core.registry
    .list("connection")
    .map((record) => record.id)
    .filter((id) => allowsConnection(principal.grant, id));
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
    if (!core.registry.get("connection", connection) && !seesAll(principal.grant))
      throw refuse(principal, call.operation.name, connection);
    core.registry.connection(connection);
  }
  let bot: EventFilter["bot"];
  if (handle !== undefined && connection !== undefined) {
    if (!allowsBot(principal.grant, connection, handle))
      throw refuse(principal, call.operation.name, `${connection}/${handle}`);
    if (!principal.grant.bots) core.registry.bot(connection, handle);
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

/** A consumer reads with its creator's grant, and ends with its key. */
function ended({ core }: CallContext, { key }: ConsumerRecord): boolean {
  const record = core.registry.get("key", key);
  if (!record) return false;
  return record.revokedAt !== null || (record.expiresAt !== null && Date.parse(record.expiresAt) <= core.clock.now());
}

function findConsumer({ core, principal }: CallContext, name: string): ConsumerRecord {
  const record = core.registry.get("consumer", name);
  if (!record || (record.key !== principal.keyId && !isAdmin(principal.grant)))
    throw new BotyardError("not_found", `there is no consumer "${name}"`, { fix: `botyard consumers put ${name}` });
  return record;
}

const save = ({ core }: CallContext, value: ConsumerRecord) =>
  core.registry.save([{ kind: "consumer", id: value.name, scope: "", value }]);

/** The same page may come again: a position counts once. */
async function recordSkips(call: CallContext, name: string, positions: readonly number[]): Promise<void> {
  const record = call.core.registry.get("consumer", name);
  if (!record) return;
  const before = record.skipped ?? { count: 0, seq: 0 };
  const fresh = positions.filter((seq) => seq > before.seq);
  const last = fresh.at(-1);
  if (last === undefined) return;
  const { length: count } = fresh;
  call.core.logger.warn("a consumer skipped events that were older than its maxAgeMs", { consumer: name, count });
  await save(call, { ...record, skipped: { count: before.count + count, seq: last } });
}

// How far each consumer was given events by this process: what it never got it cannot have handled. One that only
// follows a stream was given nothing here, and may acknowledge what it read there.
const given = new WeakMap<Core, Map<string, number>>();
function givenBy(core: Core): Map<string, number> {
  const known = given.get(core) ?? new Map<string, number>();
  given.set(core, known);
  return known;
}

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
    const page = pageOf(
      seen,
      input,
      (record) => record.name,
      (record) => record,
    );
    return { ...page, items: await Promise.all(page.items.map((record) => toConsumer(core, record))) };
  },

  async "consumers.get"({ consumer }, call) {
    return toConsumer(call.core, findConsumer(call, consumer));
  },

  async "consumers.put"({ consumer, start, ...wanted }, call) {
    const { core, principal } = call;
    const before = core.registry.get("consumer", consumer);
    if (before && before.key !== principal.keyId && !isAdmin(principal.grant) && !ended(call, before))
      throw new BotyardError("conflict", `another key has a consumer "${consumer}"; choose another name`);
    // Of a key that has ended it is taken over, with its place in the log.
    const owner = before && !ended(call, before) ? before.key : principal.keyId;
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
      ...(before?.skipped ? { skipped: before.skipped } : {}),
      key: owner,
      grant: owner === principal.keyId ? principal.grant : (before?.grant ?? principal.grant),
    };
    await save(call, record);
    if (!before) call.reply.status = 201;
    return toConsumer(call.core, record);
  },

  async "consumers.delete"({ consumer }, call) {
    const record = findConsumer(call, consumer);
    await call.core.registry.save([{ kind: "consumer", id: record.name, scope: "", value: null }]);
    givenBy(call.core).delete(record.name);
    return { name: record.name };
  },

  async "consumers.events"({ consumer, waitMs, limit }, call) {
    const { log } = call.core;
    const record = findConsumer(call, consumer);
    if (ended(call, record))
      throw new BotyardError("forbidden", `the key that consumer "${consumer}" reads with has ended`, {
        fix: `botyard consumers put ${consumer}   with a key that is still good`,
      });
    const filter = seeing(await toFilter(call, record), record.grant);
    const skipped: number[] = [];
    const page = await log.read({
      after: record.seq,
      filter,
      limit: limit ?? lastEvents,
      waitMs,
      maxAgeMs: record.maxAgeMs,
      skip: (seq) => void skipped.push(seq),
      signal: call.signal,
    });
    if (skipped.length > 0) await recordSkips(call, consumer, skipped);
    const given = givenBy(call.core);
    given.set(consumer, Math.max(given.get(consumer) ?? 0, page.seq));
    return { items: [...page.items], cursor: log.cursorOf(page.seq) };
  },

  async "consumers.ack"({ consumer, cursor }, call) {
    const record = findConsumer(call, consumer);
    if (!cursor.startsWith("c_"))
      throw new BotyardError("invalid", "a cursor looks like c_7f2_4812; take `cursor` of the page you handled", {
        issues: [{ path: "cursor", expected: "a cursor c_…" }],
      });
    const seq = await call.core.log.seqOf(cursor);
    const given = givenBy(call.core).get(consumer);
    if (given !== undefined && seq > Math.max(given, record.seq))
      throw new BotyardError("invalid", `consumer "${consumer}" was never given what lies before this cursor`, {
        issues: [{ path: "cursor", expected: `at most ${call.core.log.cursorOf(given)}, the last page's` }],
        fix: `take \`cursor\` of the page you handled; to leave events out: botyard consumers delete ${consumer}, and put it again with --start now`,
      });
    // An acknowledgement that arrives late takes nothing back.
    const acked: ConsumerRecord = { ...record, seq: Math.max(record.seq, seq), lastAckAt: call.core.now() };
    await save(call, acked);
    return toConsumer(call.core, acked);
  },

  async "gaps.list"(input, { core, principal }) {
    const scope = input.connection === undefined || input.connection === "-" ? undefined : input.connection;
    const seen = core.registry
      .list("gap", scope)
      .filter((gap: Gap) => seesGap(principal.grant, gap) && (input.state === undefined || gap.state === input.state));
    return pageOf(
      seen.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      { ...input, limit: limitOf(input) },
      (gap) => gap.id,
      (gap) => gap,
    );
  },
};
