import { isSigned } from "../signature.ts";
import { featureBits, textOf } from "../wire.ts";
import { mostCharacters, post, postingOf } from "./chat.ts";
import { crashed, fail, noRoute, ok, type Reply } from "./envelope.ts";
import { botActor, isModerator, type BotRow, type Message, type Room } from "./model.ts";
import { announceBot } from "./push.ts";
import { isEmoji, react, unreact } from "./reactions.ts";
import { roomFor, route, type Route, type Visit } from "./routes.ts";
import { showBot, showRoomBot } from "./show.ts";
import { blocked, currentDelay, slept } from "./throttle.ts";

/** What a moderator may see and set up. */
function managed(visit: Visit): { readonly room: Room } | Reply {
  const room = roomFor(visit);
  if (!room || !visit.actor) return fail(404);
  if (!isModerator(room, visit.actor) || room.type === 4) return fail(403);
  return { room };
}

const list: Route["run"] = (visit) => {
  const found = managed(visit);
  if (!("room" in found)) return found;
  const { room } = found;
  return ok(
    visit.world.bots.filter((bot) => bot.state !== 2 || room.bots.has(bot.id)).map((bot) => showRoomBot(room, bot)),
  );
};

function setUp(enable: boolean): Route["run"] {
  return async (visit) => {
    const found = managed(visit);
    if (!("room" in found)) return found;
    const { room } = found;
    const bot = visit.world.bots.find(({ id }) => id === Number(visit.params[1]));
    if (!bot || bot.state !== 1) return fail(400, { error: "bot" });
    if (room.type === 5) return fail(400, { error: "room" });
    if (enable && room.bots.has(bot.id)) return ok(showRoomBot(room, bot));
    if (enable) room.bots.add(bot.id);
    else room.bots.delete(bot.id);
    await announceBot(visit.server, room, bot, enable);
    return ok(showRoomBot(room, bot), enable ? 201 : 200);
  };
}

type Signed = { readonly room: Room; readonly bot: BotRow };

/**
 * A call without a login, signed over `random + signed`. The secrets of all response bots of the room are tried; one
 * 401 for everything that is wrong.
 */
function signed(
  what: (visit: Visit) => string,
  run: (visit: Visit, found: Signed) => Promise<Reply> | Reply,
  early?: (visit: Visit) => Reply | null,
): Route["run"] {
  return async (visit) => {
    const { world, headers, params } = visit;
    const stop = blocked(world);
    if (stop) return stop;
    const before = currentDelay(world);
    const slow = (reply: Reply, wrong = false): Reply => slept(world, reply, before, wrong);
    if (visit.body === null) return crashed;
    const first = early?.(visit);
    // A crash sleeps too, but does not say so.
    if (first) return first === crashed ? first : slow(first);
    const random = headers.get("x-nextcloud-talk-bot-random") ?? "";
    const signature = headers.get("x-nextcloud-talk-bot-signature") ?? "";
    if (random.length < 32 || signature === "") return slow(fail(400, null));
    const token = params[0] ?? "";
    const room = world.rooms.get(token);
    const able = world.bots.filter(
      (bot) =>
        (room ? room.bots.has(bot.id) : orphans.get(world)?.get(token)?.has(bot.id)) &&
        bot.state !== 0 &&
        (bot.features & featureBits.response) !== 0,
    );
    const bot = able.find(({ secret }) => isSigned(secret, random, what(visit), signature));
    if (!bot) return slow(fail(401, null), true);
    if (!room) return slow(fail(404));
    return slow(await run(visit, { room, bot }));
  };
}

/** Links of bots outlive their room. */
const orphans = new WeakMap<object, Map<string, ReadonlySet<number>>>();

export function keepLinks(world: object, token: string, bots: ReadonlySet<number>): void {
  const known = orphans.get(world) ?? new Map<string, ReadonlySet<number>>();
  known.set(token, bots);
  orphans.set(world, known);
}

const message = signed(
  ({ body }) => textOf(body?.["message"]),
  async (visit, { room, bot }) => {
    const posting = postingOf(visit.body ?? {});
    if ([...posting.text].length > mostCharacters) return fail(413, null);
    if (posting.replyTo !== null && !room.messages.some(({ id }) => id === posting.replyTo)) return fail(400, null);
    await post(visit, room, botActor(bot), posting);
    return ok(null, 201);
  },
  ({ body }) =>
    body && !("message" in body) ? crashed : textOf(body?.["message"]).trim() === "" ? fail(400, null) : null,
);

function anyMessage({ world, params }: Visit): { readonly room: Room; readonly message: Message } | null {
  for (const room of world.rooms.values()) {
    const found = room.messages.find(({ id }) => id === Number(params[1]));
    if (found) return { room, message: found };
  }
  return null;
}

const emojiOf = ({ body, query }: Visit): string => textOf(body?.["reaction"]) || (query.get("reaction") ?? "");

const addReaction = signed(emojiOf, async (visit, { room, bot }) => {
  const emoji = emojiOf(visit);
  const found = anyMessage(visit);
  if (!isEmoji(emoji)) return fail(400, null);
  if (!found) return fail(404, null);
  if (found.room !== room || found.message.deleted || found.message.messageType === "system") return fail(400, null);
  return ok(null, (await react(visit, room, found.message, botActor(bot), emoji)) ? 201 : 200);
});

const removeReaction = signed(emojiOf, async (visit, { room, bot }) => {
  const found = anyMessage(visit);
  if (!found || found.room !== room) return fail(404, null);
  return (await unreact(visit, room, found.message, botActor(bot), emojiOf(visit))) ? ok(null) : fail(404, null);
});

/** Talk 25: the token is what is signed. */
const askFeatures: Route["run"] = (visit) => {
  if (Number.parseInt(visit.world.talk, 10) < 25) return noRoute;
  const token = textOf(visit.body?.["token"]);
  const answer = signed(
    () => token,
    (_, { bot }) => ok({ features: bot.features }),
  );
  return answer({ ...visit, params: [token] });
};

const v1 = "/apps/spreed/api/v1/bot";

export const botRoutes: readonly Route[] = [
  route("GET", `${v1}/admin`, ({ user, world }) =>
    user?.admin ? ok(world.bots.map(showBot)) : fail(403, [], "Logged in account must be an admin"),
  ),
  route("POST", `${v1}/ask-features`, askFeatures, "none"),
  route("GET", `${v1}/:token`, list),
  route("POST", `${v1}/:token/:id`, setUp(true)),
  route("DELETE", `${v1}/:token/:id`, setUp(false)),
  route("POST", `${v1}/:token/message`, message, "none"),
  route("POST", `${v1}/:token/reaction/:id`, addReaction, "none"),
  route("DELETE", `${v1}/:token/reaction/:id`, removeReaction, "none"),
];
