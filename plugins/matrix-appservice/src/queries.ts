import { isBotyardError } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";
import { checkAlias, checkLocalpart, localpartOf, serverOf } from "./ids.ts";
import { ensureRegistered } from "./intent.ts";
import { refusedWith } from "./request.ts";
import { isObject, type WireCreateRoom } from "./wire.ts";

/**
 * Whether a user or a room alias exists, asked while a person waits: never by a bot program, and never with a call that
 * itself waits for us. A user or room exists before the answer says so.
 *
 * @see https://spec.matrix.org/v1.19/application-service-api/#querying
 */
export async function answerQuery(context: Context, kind: "users" | "rooms", name: string): Promise<boolean> {
  try {
    return kind === "users" ? await userExists(context, name) : await aliasExists(context, name);
  } catch (error) {
    context.host.log.warn("what the homeserver asked for could not be made", {
      kind,
      name,
      code: isBotyardError(error) ? error.code : "internal",
      error,
    });
    return false;
  }
}

async function userExists(context: Context, name: string): Promise<boolean> {
  const { owns } = await context.identity();
  if (!owns(name) || checkLocalpart(localpartOf(name)) !== undefined) return false;
  if (!(await isWanted(context, name))) return false;
  // The homeserver asks because it does not know the user, whatever we remember.
  await ensureRegistered(context, name, { fresh: true });
  return true;
}

async function isWanted(context: Context, name: string): Promise<boolean> {
  const { user } = context.answers;
  if (user !== undefined) return user(name);
  const { queries } = context.host.connection.settings;
  if (queries !== "managed") return queries === "namespace";
  return (await context.host.bots.list()).some(({ nativeId }) => nativeId === name);
}

/** Rooms that are being made for an alias: making one may make the homeserver ask again. */
const making = new WeakMap<Context, Set<string>>();

async function aliasExists(context: Context, alias: string): Promise<boolean> {
  const { serverName } = await context.identity();
  const ours = context.service.aliases.some(({ regex }) =>
    RegExp(regex.startsWith("^") ? regex : `^(?:${regex})`).test(alias),
  );
  if (!ours || checkAlias(alias) !== undefined || serverOf(alias) !== serverName) return false;
  const made = making.get(context) ?? new Set();
  making.set(context, made);
  if (made.has(alias)) return false;
  made.add(alias);
  try {
    const wish = await wantedRoom(context, alias);
    if (typeof wish === "boolean") return wish;
    const { sender } = await context.identity();
    await ensureRegistered(context, sender);
    const { room_id: room } = await api.createRoom(await context.caller(sender), {
      ...wish,
      room_alias_name: localpartOf(alias),
    });
    await context.memory.setMembership(room, sender, "join");
    return true;
  } catch (error) {
    // Somebody was quicker: it exists.
    if (refusedWith(error, "M_ROOM_IN_USE")) return true;
    throw error;
  } finally {
    made.delete(alias);
  }
}

async function wantedRoom(context: Context, alias: string): Promise<boolean | WireCreateRoom> {
  const { alias: answer } = context.answers;
  if (answer !== undefined) return answer(alias);
  const all = context.host.connection.settings.queries === "namespace";
  return all && { name: localpartOf(alias), preset: "public_chat" };
}

/** What a third-party lookup finds: metadata of a protocol, or a list; `undefined`: nothing of that name. Homeservers take lists only. */
export async function answerThirdParty(
  context: Context,
  kind: string,
  protocol: string | undefined,
  query: Readonly<Record<string, string>>,
): Promise<unknown> {
  if (kind !== "protocol" && kind !== "user" && kind !== "location") return undefined;
  if (protocol !== undefined && !context.service.protocols.includes(protocol)) return undefined;
  const { access_token: _, ...fields } = query;
  const found = await Promise.resolve(context.answers.thirdParty?.({ kind, protocol: protocol ?? null, fields })).catch(
    (error: unknown) => {
      context.host.log.warn("a third-party lookup failed", { kind, protocol: protocol ?? null, error });
      return undefined;
    },
  );
  if (kind === "protocol")
    return isObject(found) ? found : { user_fields: [], location_fields: [], icon: "", field_types: {}, instances: [] };
  return Array.isArray(found) ? found : [];
}
