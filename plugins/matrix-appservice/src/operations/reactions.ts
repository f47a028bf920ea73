import { BotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, type Context } from "../context.ts";
import { redactEvent } from "../methods/actor.ts";
import { react } from "../methods/messages.ts";
import type { Caller } from "../request.ts";
import { readTransaction } from "../transactions.ts";
import { objectOf, textOf } from "../wire.ts";
import { actorIn, inTheRoom } from "./acting.ts";

interface Found {
  readonly event: string;
  readonly user: string;
  readonly emoji: string;
}

const mostPages = 20;

async function reactionsTo(on: Caller, room: string, message: string): Promise<Found[]> {
  const found: Found[] = [];
  let from: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { chunk, next_batch: next } = await api.relations(on, room, message, "m.annotation", "m.reaction", from);
    for (const event of readTransaction("", { events: chunk }).events) {
      const emoji = textOf(objectOf(event.content["m.relates_to"])["key"]);
      if (emoji !== undefined) found.push({ event: event.event_id, user: event.sender, emoji });
    }
    if (next === undefined) return found;
    from = next;
  }
  throw new BotyardError("too_large", `the message has more than ${mostPages * 100} reactions`);
}

export const reactions = (context: Context): HandlersOf<Capabilities, "reactions"> => {
  const inside = inTheRoom(context);
  return {
    "reactions.add": {
      ...inside,
      run: async ({ room, message, emoji }, call) => ({
        emoji,
        added: (await react(await actorIn(context, call), room, message, emoji)) !== null,
      }),
    },

    "reactions.remove": {
      ...inside,
      async run({ room, message, emoji }, call) {
        const actor = await actorIn(context, call);
        const found = await reactionsTo(await context.caller(actor.user, call.signal), room, message);
        const mine = found.find((each) => each.user === actor.user && each.emoji === emoji);
        if (mine === undefined) return { emoji, removed: false };
        await redactEvent(actor, room, mine.event);
        return { emoji, removed: true };
      },
    },

    "reactions.list": async ({ room, message }, { as, signal }) => {
      const found = await reactionsTo(await context.caller(await actorOf(context, as), signal), room, message);
      const users = new Map<string, string[]>();
      for (const { emoji, user } of found) users.set(emoji, [...(users.get(emoji) ?? []), user]);
      return { items: [...users].map(([emoji, who]) => ({ emoji, users: who })) };
    },
  };
};
