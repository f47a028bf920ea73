import { BotyardError, type HandlersOf, type Mention } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, type Context } from "../context.ts";
import { toMessage } from "../decode.ts";
import { encodeEdit, encodeMessage, type Outgoing } from "../encode.ts";
import { redactEvent, sendEvent } from "../methods/actor.ts";
import { markRead } from "../methods/people.ts";
import { getPins, pin, unpin } from "../methods/rooms.ts";
import { orUndefined } from "../request.ts";
import { readTransaction } from "../transactions.ts";
import { actorIn, inTheRoom } from "./acting.ts";

const pageSize = 50;

export const messages = (context: Context): HandlersOf<Capabilities, "messages"> => {
  const inside = inTheRoom(context);

  return {
    "messages.send": {
      ...inside,
      async run({ room, options, mentions, ...rest }, call) {
        const msgtype = options?.["msgtype"] as Outgoing["msgtype"];
        const message: Outgoing = { ...rest, mentions: await nativeMentions(context, mentions), msgtype };
        const actor = await actorIn(context, call);
        return { message: await sendEvent(actor, room, "m.room.message", encodeMessage(message)) };
      },
    },

    "messages.update": {
      ...inside,
      async run({ room, message, text, format, mentions }, call) {
        const edit = { text, format, mentions: await nativeMentions(context, mentions) };
        await sendEvent(await actorIn(context, call), room, "m.room.message", encodeEdit(message, edit));
        return { message, editedAt: new Date(context.host.clock.now()).toISOString() };
      },
    },

    "messages.delete": {
      ...inside,
      async run({ room, message }, call) {
        await redactEvent(await actorIn(context, call), room, message);
        return { message };
      },
    },

    "messages.mark-read": async ({ room, message }, call) => {
      await markRead(await actorIn(context, call), room, message);
      return { message };
    },

    "messages.pin": {
      ...inside,
      run: async ({ room, message }, call) => ({
        message,
        pinned: await pin(await actorIn(context, call), room, message),
      }),
    },

    "messages.unpin": {
      ...inside,
      run: async ({ room, message }, call) => ({
        message,
        unpinned: await unpin(await actorIn(context, call), room, message),
      }),
    },

    "messages.list-pins": async ({ room, limit, cursor }, call) => {
      const actor = await actorIn(context, call);
      const all = (await getPins(actor, room)).toReversed();
      const from = cursor === undefined ? 0 : Number(cursor) || 0;
      const ids = all.slice(from, from + (limit ?? pageSize));
      const on = await context.caller(actor.user, call.signal);
      const found = await Promise.all(ids.map((id) => orUndefined(api.getEvent(on, room, id))));
      // What was deleted, or is older than what the bot may see, is pinned still and cannot be shown.
      const items = found.flatMap((event) => {
        const [read] = readTransaction("", { events: [{ room_id: room, ...event }] }).events;
        return (read === undefined ? undefined : toMessage(read)) ?? [];
      });
      const next = from + ids.length;
      return next < all.length ? { items, next: String(next) } : { items };
    },

    "messages.get": async ({ room, message }, { as, signal }) => {
      const on = await context.caller(await actorOf(context, as), signal);
      const event = await orUndefined(api.getEvent(on, room, message));
      const [read] = readTransaction("", { events: [{ room_id: room, ...event }] }).events;
      const shown = read === undefined ? undefined : toMessage(read);
      if (shown === undefined)
        throw new BotyardError(
          "not_found",
          "there is no such message in the room, it was deleted, or the bot may not see it",
        );
      return shown;
    },

    "messages.list": async ({ room, limit, cursor }, { as, signal }) => {
      const on = await context.caller(await actorOf(context, as), signal);
      const page = await api.messages(on, room, {
        dir: "b",
        limit: limit ?? pageSize,
        types: ["m.room.message", "m.sticker"],
        ...(cursor === undefined ? {} : { from: cursor }),
      });
      const { joined } = await api
        .joinedMembers(on, room)
        .catch(() => ({ joined: {} as Awaited<ReturnType<typeof api.joinedMembers>>["joined"] }));
      const items = readTransaction("", { events: page.chunk }).events.flatMap((event) => {
        const message = toMessage(event);
        return message === undefined
          ? []
          : [{ ...message, sender: { id: event.sender, name: joined[event.sender]?.display_name ?? null } }];
      });
      // A page whose end is where it began, or that was empty, was the last.
      const next = page.chunk.length === 0 || page.end === cursor ? undefined : page.end;
      return next === undefined ? { items } : { items, next };
    },
  };
};

/** Managed bots are named by handle; Matrix wants user ids. */
async function nativeMentions(context: Context, mentions: readonly Mention[] | undefined): Promise<readonly Mention[]> {
  if (mentions === undefined) return [];
  const managed = mentions.some(({ kind }) => kind === "bot") ? await context.host.bots.list() : [];
  return mentions.map((mention) => {
    if (mention.kind !== "bot" || mention.id !== undefined) return mention;
    const bot = managed.find(({ handle }) => handle === mention.bot);
    if (bot?.nativeId == null)
      throw new BotyardError("invalid", `there is no bot "${mention.bot ?? ""}" to mention`, {
        issues: [{ path: "mentions", expected: "the handle of a managed bot" }],
      });
    return { ...mention, id: bot.nativeId };
  });
}
