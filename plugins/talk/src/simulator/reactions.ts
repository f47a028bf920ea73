import { textOf } from "../wire.ts";
import { fail, ok } from "./envelope.ts";
import { write, type Actor, type Message, type Room } from "./model.ts";
import { announce, announceReaction } from "./push.ts";
import { roomFor, route, type Route, type Visit } from "./routes.ts";
import { userParameter } from "./show.ts";

const shown = (message: Message): unknown => {
  const entries = [...message.reactions].filter(([, by]) => by.length > 0);
  return Object.fromEntries(
    entries.map(([emoji, by]) => [
      emoji,
      by.map(({ actor, at }) => ({
        actorType: actor.type,
        actorId: actor.id,
        actorDisplayName: actor.name,
        timestamp: at,
      })),
    ]),
  );
};

/** One grapheme that is an emoji. */
export function isEmoji(text: string): boolean {
  const graphemes = [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text)];
  return graphemes.length === 1 && /\p{Extended_Pictographic}|\p{Regional_Indicator}|[#*0-9]\ufe0f?\u20e3/u.test(text);
}

/** Adds; false where it was there. */
export async function react(
  visit: Pick<Visit, "server" | "world">,
  room: Room,
  message: Message,
  actor: Actor,
  emoji: string,
): Promise<boolean> {
  const by = message.reactions.get(emoji) ?? [];
  if (by.some((one) => one.actor.id === actor.id && one.actor.type === actor.type)) return false;
  message.reactions.set(emoji, [...by, { actor, at: Math.floor(visit.world.now() / 1000) }]);
  write(visit.world, room, actor, emoji, { systemMessage: "reaction", parent: message.id });
  await announceReaction(visit.server, room, message, actor, emoji, true);
  return true;
}

/** Takes back; false where there was none. */
export async function unreact(
  visit: Pick<Visit, "server" | "world">,
  room: Room,
  message: Message,
  actor: Actor,
  emoji: string,
): Promise<boolean> {
  const by = message.reactions.get(emoji) ?? [];
  const left = by.filter((one) => one.actor.id !== actor.id || one.actor.type !== actor.type);
  if (left.length === by.length) return false;
  if (left.length > 0) message.reactions.set(emoji, left);
  else message.reactions.delete(emoji);
  const own = room.messages.findLast(
    (one) =>
      one.systemMessage === "reaction" &&
      one.parent === message.id &&
      one.message === emoji &&
      one.actor.id === actor.id,
  );
  if (own) own.systemMessage = "reaction_deleted";
  const told = write(visit.world, room, actor, "", {
    systemMessage: "reaction_revoked",
    parent: message.id,
    parameters: { actor: userParameter(actor) },
  });
  await announce(visit.server, room, told);
  await announceReaction(visit.server, room, message, actor, emoji, false);
  return true;
}

function reaction(change: typeof react | null, take: boolean): Route["run"] {
  return async (visit) => {
    const room = roomFor(visit);
    const { actor, params, body, query } = visit;
    if (!room || !actor) return fail(404);
    const message = room.messages.find(({ id }) => id === Number(params[1]));
    if (!message) return fail(404);
    const emoji = textOf(body?.["reaction"]) || (query.get("reaction") ?? "");
    if (change === null) return ok(shown(message));
    if (!isEmoji(emoji) || message.messageType === "system" || message.deleted) return fail(400);
    const changed = await change(visit, room, message, actor, emoji);
    if (take) return changed ? ok(shown(message)) : fail(404);
    return ok(shown(message), changed ? 201 : 200);
  };
}

const v1 = "/apps/spreed/api/v1";

export const reactionRoutes: readonly Route[] = [
  route("GET", `${v1}/reaction/:token/:id`, reaction(null, false)),
  route("POST", `${v1}/reaction/:token/:id`, reaction(react, false)),
  route("DELETE", `${v1}/reaction/:token/:id`, reaction(unreact, true)),
];
