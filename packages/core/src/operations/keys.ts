import {
  type AuditEntry,
  BotyardError,
  type Grant,
  type Key,
  type KeyView,
  parseAddress,
  type RevokedKey,
} from "@botyard/sdk";
import type { Sending } from "../access/activity.ts";
import {
  allowsBot,
  allowsConnection,
  allowsOperation,
  isAdmin,
  mayReachPrivate,
  meansSomething,
  privateWebhooks,
  pseudoOperations,
  refuse,
  seesAll,
} from "../access/grants.ts";
import { makeGrant, missingKey } from "../access/keys.ts";
import { describeGrant } from "../access/words.ts";
import { suggest } from "../config/suggest.ts";
import type { Core } from "../core.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import type { Principal } from "../runtime-types.ts";
import type { AuditRow, KeyRecord } from "../store/types.ts";
import { limitOf, newestFirst, numberCursor, pageOf } from "./page.ts";

function toKey(record: KeyRecord): Key {
  const { hash: _, ...key } = record;
  return key;
}

function toAudit(row: AuditRow & { readonly n: number }): AuditEntry {
  const { n: _, ...entry } = row;
  return entry;
}

/** Addresses of bots checked against what there is; `helper` alone where there is one connection. */
function botAddress(call: CallContext, text: string): string {
  const ids = call.core.registry.list("connection").map((record) => record.id);
  const { connection, name } = parseAddress(text, ids);
  const id = connection ?? (ids.length === 1 ? ids[0] : undefined);
  if (id === undefined)
    throw new BotyardError("invalid", `write the bot as <connection>/${name} (${ids.join(", ")})`, {
      issues: [{ path: "bot", expected: "<connection>/<bot>" }],
    });
  call.core.registry.bot(id, name);
  return `${id}/${name}`;
}

/** Rooms are granted by id: a handle may be given to another room later. */
async function roomAddress(call: CallContext, text: string): Promise<{ readonly id: string; readonly name: string }> {
  const ids = call.core.registry.list("connection").map((record) => record.id);
  const { connection, name } = parseAddress(text, ids);
  const id = connection ?? (ids.length === 1 ? ids[0] : undefined);
  if (id === undefined)
    throw new BotyardError("invalid", `write the room as <connection>/${name} (${ids.join(", ")})`, {
      issues: [{ path: "room", expected: "<connection>/<room>" }],
    });
  const { session } = await call.core.supervisor.session(id);
  const room = await session.resolveRoom(name, null);
  if (room === null)
    throw new BotyardError("not_found", `there is no room "${name}" on ${id}`, { fix: `botyard rooms list ${id}` });
  return { id: `${id}/${room}`, name: `${id}/${name}` };
}

function checkPatterns(call: CallContext, allow: readonly string[]): void {
  const { operations } = call.core.table;
  for (const pattern of allow) {
    if (meansSomething(pattern, operations)) continue;
    const bare = pattern.replace(/^!/, "");
    const near = suggest(bare, [...operations.keys(), ...pseudoOperations]);
    throw new BotyardError("invalid", `there is no operation "${bare}"${near ? `; did you mean ${near}?` : ""}`, {
      issues: [{ path: "allow", expected: "operations like messages.send, messages.*, events.read or rooms.write" }],
    });
  }
}

const places = ["connections", "bots", "rooms"] as const;

/** Whether a grant names no place that another one does not cover. */
function placesWithin(grant: Grant, outer: Grant): boolean {
  return places.every((kind) => {
    const own = outer[kind];
    return !own || (grant[kind]?.every((item) => own.includes(item)) ?? false);
  });
}

interface Wanted {
  readonly grant: Grant;
  readonly ratePerMinute: number | null;
  readonly expiresAt: string | null;
}

/** Nobody hands out more than they have: no other operation, place, rate or time. */
function checkWithin({ core, principal }: CallContext, { grant, ratePerMinute, expiresAt }: Wanted): void {
  if (isAdmin(principal.grant)) return;
  for (const [name, about] of [...core.table.operations, ...pseudoOperations.map((name) => [name, undefined] as const)])
    if (allowsOperation(grant, name, about) && !allowsOperation(principal.grant, name, about))
      throw refuse(principal, name);
  if (mayReachPrivate(grant) && !mayReachPrivate(principal.grant)) throw refuse(principal, privateWebhooks);
  for (const kind of places) {
    const own = principal.grant[kind];
    if (own && !grant[kind]?.every((item) => own.includes(item)))
      throw new BotyardError(
        "forbidden",
        `key "${principal.name}" can only make keys for ${kind} of its own: ${own.join(", ")}`,
        { allowed: { [kind]: own } },
      );
  }
  const maker = core.registry.get("key", principal.keyId);
  if (maker?.expiresAt && (expiresAt === null || expiresAt > maker.expiresAt))
    throw new BotyardError(
      "forbidden",
      `key "${principal.name}" ends on ${maker.expiresAt} itself; keys it makes end no later`,
    );
  if (maker?.ratePerMinute && (ratePerMinute === null || ratePerMinute > maker.ratePerMinute))
    throw new BotyardError(
      "forbidden",
      `key "${principal.name}" may make ${maker.ratePerMinute} calls a minute; keys it makes may make no more`,
    );
}

/** A key bound to places knows of itself and of those bound within them. */
const knows = (principal: Principal, record: KeyRecord): boolean =>
  record.id === principal.keyId || placesWithin(record.grant, principal.grant);

/** Hidden and missing answer alike. */
function findKey({ core, principal }: CallContext, name: string): KeyRecord {
  const record = core.keys.find(name);
  if (knows(principal, record)) return record;
  throw missingKey(name);
}

function viewOf({ core }: CallContext, key: Key): KeyView {
  const raw = [...core.table.operations].flatMap(([name, operation]) => (operation.raw ? [name] : []));
  const { may, mayNot } = describeGrant(key.grant, key.ratePerMinute, raw);
  return { ...key, may: [...may], mayNot: [...mayNot] };
}

/** How long a revocation waits for what was under way, to say how it ended. */
const settleWithinMs = 5_000;

/** What became of the sends that were under way when a key ended. */
async function settled(core: Core, sends: readonly Sending[]): Promise<Pick<RevokedKey, "cancelled" | "inFlight">> {
  const late = new AbortController();
  const limit = core.clock.sleep(settleWithinMs, late.signal).then(
    () => false,
    () => false,
  );
  const inFlight: RevokedKey["inFlight"] = [];
  let cancelled = 0;
  for (const { operation, over } of sends) {
    if (await Promise.race([over, limit])) cancelled += 1;
    else inFlight.push({ operation, state: (await core.store.getEffect(operation))?.state ?? "unknown" });
  }
  late.abort();
  return { cancelled, inFlight };
}

/** A row is shown where its connection is, or where it has none, to keys that are bound to no place. */
function showsAudit({ grant }: Principal, row: AuditRow): boolean {
  if (seesAll(grant)) return true;
  if (row.connection === null || !allowsConnection(grant, row.connection)) return false;
  return !grant.bots || (row.bot !== null && allowsBot(grant, row.connection, row.bot));
}

export const keys: CoreHandlers<"keys"> & CoreHandlers<"audit"> = {
  async "keys.list"(input, { core, principal }) {
    const seen = core.registry.list("key").filter((key) => knows(principal, key));
    return pageOf(seen, input, (key) => key.id, toKey);
  },

  async "keys.get"({ key }, call) {
    return viewOf(call, toKey(findKey(call, key)));
  },

  async "keys.create"(input, call) {
    const { core } = call;
    checkPatterns(call, input.allow ?? []);
    for (const id of input.connection ?? []) core.registry.connection(id);
    const rooms = input.room && (await Promise.all(input.room.map((text) => roomAddress(call, text))));
    const grant = makeGrant({
      preset: input.preset,
      allow: input.allow,
      connections: input.connection,
      bots: input.bot?.map((text) => botAddress(call, text)),
      rooms: rooms?.map(({ id }) => id),
      names: rooms && Object.fromEntries(rooms.flatMap(({ id, name }) => (id === name ? [] : [[id, name]]))),
    });
    const wanted = {
      name: input.name,
      preset: input.allow ? null : (input.preset ?? ("bot" as const)),
      grant,
      ratePerMinute: input.ratePerMinute ?? null,
      expiresAt: input.expiresMs === undefined ? null : new Date(core.clock.now() + input.expiresMs).toISOString(),
    };
    checkWithin(call, wanted);
    if (input.dryRun) {
      const key: Key = { ...wanted, id: "", createdAt: core.now(), revokedAt: null, lastUsedAt: null };
      return { ...viewOf(call, key), secret: null };
    }
    const { record, secret } = await core.keys.create(wanted);
    call.reply.status = 201;
    call.reply.location = `/v1/keys/${record.id}`;
    return { ...viewOf(call, toKey(record)), secret };
  },

  async "keys.revoke"({ key }, call) {
    const { core } = call;
    const { id } = findKey(call, key);
    const { activity } = core.keys;
    const [streams, sends] = [activity.readers(id), activity.sends(id)];
    const record = await core.keys.revoke(id);
    return { ...toKey(record), streams, ...(await settled(core, sends)) };
  },

  async "keys.whoami"(_, call) {
    const { core, principal } = call;
    const record = core.registry.get("key", principal.keyId);
    if (record) return viewOf(call, toKey(record));
    return viewOf(call, {
      id: principal.keyId,
      name: principal.name,
      preset: "admin",
      grant: principal.grant,
      ratePerMinute: null,
      createdAt: core.startedAt,
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
    });
  },

  async "audit.list"(input, { core, principal }) {
    const limit = limitOf(input);
    const { key, operation, connection, answer, sinceMs } = input;
    // A key is noted by its name; who asks may have its id.
    const name = key === undefined ? undefined : (core.registry.get("key", key)?.name ?? key);
    await core.audit.flush();
    const found: (AuditRow & { readonly n: number })[] = [];
    let before = numberCursor(input.cursor);
    // What the caller may not see is left out of its pages, which are full all the same.
    for (;;) {
      const rows = await core.store.listAudit({
        ...(name === undefined ? {} : { key: name }),
        ...(operation === undefined ? {} : { operation }),
        ...(connection === undefined ? {} : { connection }),
        ...(answer === undefined ? {} : { answer }),
        ...(sinceMs === undefined ? {} : { since: new Date(Math.max(0, core.clock.now() - sinceMs)).toISOString() }),
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      });
      found.push(...rows.filter((row) => showsAudit(principal, row)));
      before = rows.at(-1)?.n;
      if (rows.length <= limit || found.length > limit) break;
    }
    return newestFirst(found, limit, (row) => String(row.n), toAudit);
  },
};
