import { type AnyOperation, BotyardError, isBotyardError, type Room } from "@botyard/sdk";
import type { Core } from "../core.ts";
import { putMembership } from "../registry/registry.ts";
import type { Principal } from "../runtime-types.ts";
import type { ConnectionRecord } from "../store/types.ts";
import { ulid } from "../ulid.ts";
import type { Target } from "./context.ts";
import { perform } from "./perform.ts";

/** More than these are not asked about one by one; what nobody knows of is left out. */
const mostAsked = 25;
const askedWithinMs = 10_000;
/** Brings a bot into a room it is not in yet: who may use it was told so by name. */
const entering = "rooms.add-bot";

/** Handles of the bots a key is limited to on a connection; null: a key that no bot stands for. */
function ownBots({ grant }: Principal, target: Target): readonly string[] | null {
  // A list of rooms says more, and was checked before.
  if (!grant.bots || grant.rooms) return null;
  const prefix = `${target.connection.id}/`;
  return grant.bots.flatMap((bot) => (bot.startsWith(prefix) ? [bot.slice(prefix.length)] : []));
}

const isKnownThere = (core: Core, connection: string, room: string, bots: readonly string[]): boolean =>
  core.registry.membersOf(connection, room).some((handle) => bots.includes(handle));

/**
 * Whether one of the bots is in a room: by what was seen of it, else by asking the server. What is learned is kept. Where
 * the server does not tell, it is not.
 */
async function isThere(core: Core, target: Target, room: string, bots: readonly string[]): Promise<boolean> {
  const connection = target.connection.id;
  if (isKnownThere(core, connection, room, bots)) return true;
  const operation = core.table.operations.get("rooms.list-bots");
  const capability = core.supervisor.capability(connection, "rooms.list-bots");
  if (!operation || capability.support === "none") return false;
  try {
    const { items } = (await perform({
      core,
      operation,
      target: { connection: target.connection, bot: null, as: null, room },
      input: { connection, room },
      row: null,
      effectId: ulid(),
      idempotency: { kind: "natural" },
      capability,
      deadline: core.clock.now() + askedWithinMs,
      signal: AbortSignal.timeout(askedWithinMs),
    })) as { items: readonly { readonly nativeId: string }[] };
    const found = items
      .map(({ nativeId }) => core.registry.botByNativeId(connection, nativeId)?.handle)
      .filter((handle): handle is string => handle !== undefined && bots.includes(handle));
    if (found.length > 0)
      await core.registry.save(found.map((handle) => putMembership(connection, room, handle, true)));
    return found.length > 0;
  } catch (error) {
    if (isBotyardError(error)) return false;
    throw error;
  }
}

/**
 * A key for certain bots reaches the rooms those bots are in, also where the server is asked with the connection's own
 * credential, which sees more. Throws what is thrown for a room that does not exist. A bot that acts sees what the
 * server shows it.
 */
export async function needReach(
  core: Core,
  operation: AnyOperation,
  principal: Principal,
  target: Target,
  typed: unknown,
): Promise<void> {
  if (operation.run !== "platform" || operation.name === entering || target.room === null || target.as !== null) return;
  await assertReach(core, principal, target.connection, target.room, typed);
}

/** The same for a room by its native id; `typed`: what the caller called it. */
export async function assertReach(
  core: Core,
  principal: Principal,
  connection: ConnectionRecord,
  room: string,
  typed: unknown,
): Promise<void> {
  const target: Target = { connection, bot: null, as: null, room };
  const bots = ownBots(principal, target);
  if (bots && !(await isThere(core, target, room, bots))) throw noRoom(connection.id, typed);
}

/** For a room that is not there, and for one that is not for this key. */
export const noRoom = (connection: string, typed: unknown): BotyardError =>
  new BotyardError("not_found", `there is no room "${String(typed)}" on ${connection} that is visible here`, {
    fix: `botyard rooms list ${connection}`,
  });

/** Of a page of rooms those a key reaches. */
export async function withinReach(
  core: Core,
  principal: Principal,
  target: Target,
  rooms: readonly Room[],
): Promise<Room[]> {
  const bots = target.as === null ? ownBots(principal, target) : null;
  if (!bots) return [...rooms];
  const known = (room: Room): boolean => isKnownThere(core, target.connection.id, room.id, bots);
  const asked = new Set(rooms.filter((room) => !known(room)).slice(0, mostAsked));
  const there = await Promise.all(
    rooms.map(async (room) => known(room) || (asked.has(room) && (await isThere(core, target, room.id, bots)))),
  );
  return rooms.filter((_, n) => there[n]);
}
