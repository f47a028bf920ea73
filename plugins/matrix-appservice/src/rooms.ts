import * as api from "./api.ts";
import type { Acting } from "@botyard/sdk";
import { actorOf, type Context } from "./context.ts";
import { checkAlias, checkRoomId } from "./ids.ts";
import { applyState, type RoomFacts } from "./memory.ts";
import { findDirect } from "./methods/direct.ts";
import { orUndefined, refusedWith, type Caller } from "./request.ts";
import { errcodes } from "./wire.ts";

const factTypes = ["m.room.create", "m.room.join_rules", "m.room.name", "m.room.canonical_alias", "m.room.topic"];

/** Reads from the homeserver what a room is and is called, and remembers it. */
export async function readFacts(context: Context, on: Caller, room: string): Promise<RoomFacts> {
  const [encryption, ...contents] = await Promise.all(
    ["m.room.encryption", ...factTypes].map((type) => orUndefined(api.getState(on, room, type))),
  );
  if (encryption !== undefined) await context.memory.setEncrypted(room);
  const direct = (await context.memory.facts(room))?.direct;
  let facts: RoomFacts = direct === true ? { direct } : {};
  factTypes.forEach((type, at) => {
    const content = contents[at];
    if (content !== undefined) facts = applyState(facts, type, content) ?? facts;
  });
  await context.memory.setFacts(room, facts);
  return facts;
}

/** One of our users that can look into a room: the sender, else anybody of ours that is in there. */
export async function witness(context: Context, room: string): Promise<string> {
  const { sender } = await context.identity();
  if ((await context.memory.membership(room, sender)) === "join") return sender;
  return (await context.memory.joinedTo(room))[0] ?? sender;
}

/** The id behind a room's id, `#alias:server`, `#alias` of our own server, or `user:<id>` where the acting user has such a room. */
export async function resolveRoom(
  context: Context,
  ref: string,
  as: Acting | null,
  signal: AbortSignal,
): Promise<string | null> {
  if (checkRoomId(ref) === undefined) return ref;
  if (ref.startsWith("user:@")) {
    const actor = { context, user: await actorOf(context, as), signal, effectId: "", attempt: 1 };
    return (await findDirect(actor, ref.slice("user:".length))) ?? null;
  }
  if (!ref.startsWith("#")) return null;
  const alias = ref.includes(":") ? ref : `${ref}:${(await context.identity()).serverName}`;
  if (checkAlias(alias) !== undefined) return null;
  try {
    const found = await orUndefined(api.resolveAlias(await context.caller(undefined, signal), alias));
    return found?.room_id ?? null;
  } catch (error) {
    if (refusedWith(error, errcodes.forbidden)) return null;
    throw error;
  }
}
