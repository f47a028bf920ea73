import { type AuditEntry, BotyardError, type Grant, type Key, operations, parseAddress } from "@botyard/sdk";
import { allowsOperation, refuse, isAdmin } from "../access/grants.ts";
import { makeGrant } from "../access/keys.ts";
import { suggest } from "../config/suggest.ts";
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
async function roomAddress(call: CallContext, text: string): Promise<string> {
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
  return `${id}/${room}`;
}

function checkPatterns(call: CallContext, allow: readonly string[]): void {
  const names = [...call.core.table.operations.keys(), "act.user", "act.account"];
  for (const pattern of allow) {
    const bare = pattern.replace(/^!/, "");
    if (
      bare === "*" ||
      names.some((name) => name === bare || (bare.endsWith(".*") && name.startsWith(bare.slice(0, -1))))
    )
      continue;
    // `events.read` and the like: a whole noun read.
    const near = suggest(bare, names);
    throw new BotyardError("invalid", `there is no operation "${bare}"${near ? `; did you mean ${near}?` : ""}`, {
      issues: [{ path: "allow", expected: "operations like messages.send or events.*" }],
    });
  }
}

/** Nobody hands out more than they have: no other operation, connection, bot or room. */
function checkWithin(principal: Principal, grant: Grant): void {
  if (isAdmin(principal.grant)) return;
  for (const name of [...Object.keys(operations), "act.user", "act.account"])
    if (allowsOperation(grant, name) && !allowsOperation(principal.grant, name)) throw refuse(principal, name);
  for (const kind of ["connections", "bots", "rooms"] as const) {
    const own = principal.grant[kind];
    if (own && !grant[kind]?.every((item) => own.includes(item)))
      throw new BotyardError(
        "forbidden",
        `key "${principal.name}" can only make keys for ${kind} of its own: ${own.join(", ")}`,
        {
          allowed: { [kind]: own },
        },
      );
  }
}

export const keys: CoreHandlers<"keys"> & CoreHandlers<"audit"> = {
  async "keys.list"(input, { core }) {
    return pageOf(core.registry.list("key"), input, (key) => key.id, toKey);
  },

  async "keys.get"({ key }, { core }) {
    return toKey(core.keys.find(key));
  },

  async "keys.create"(input, call) {
    const { core, principal } = call;
    checkPatterns(call, input.allow ?? []);
    for (const id of input.connection ?? []) core.registry.connection(id);
    const grant = makeGrant({
      preset: input.preset,
      allow: input.allow,
      connections: input.connection,
      bots: input.bot?.map((text) => botAddress(call, text)),
      rooms: input.room ? await Promise.all(input.room.map((text) => roomAddress(call, text))) : undefined,
    });
    checkWithin(principal, grant);
    const { record, secret } = await core.keys.create({
      name: input.name,
      preset: input.allow ? null : (input.preset ?? "bot"),
      grant,
      ratePerMinute: input.ratePerMinute ?? null,
      expiresAt: input.expiresMs === undefined ? null : new Date(core.clock.now() + input.expiresMs).toISOString(),
    });
    call.reply.status = 201;
    call.reply.location = `/v1/keys/${record.id}`;
    return { ...toKey(record), secret };
  },

  async "keys.revoke"({ key }, { core }) {
    return toKey(await core.keys.revoke(key));
  },

  async "keys.whoami"(_, { core, principal }) {
    const record = core.registry.get("key", principal.keyId);
    if (record) return toKey(record);
    return {
      id: principal.keyId,
      name: principal.name,
      preset: "admin",
      grant: principal.grant,
      ratePerMinute: null,
      createdAt: core.startedAt,
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
    };
  },

  async "audit.list"(input, { core }) {
    const limit = limitOf(input);
    const before = numberCursor(input.cursor);
    const rows = await core.store.listAudit({
      ...(input.key ? { key: input.key } : {}),
      ...(before ? { before } : {}),
      limit: limit + 1,
    });
    return newestFirst(rows, limit, (row) => String(row.n), toAudit);
  },
};
