import { BotyardError, type Call, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, type Context } from "../context.ts";
import { encodeReaction } from "../encode.ts";
import { ensureJoined, inRoom } from "../intent.ts";
import { refusedWith, type Caller } from "../request.ts";
import { markEffect, txnIdOf } from "../effect.ts";
import { sendOnce } from "../sent.ts";
import { readTransaction } from "../transactions.ts";
import { objectOf, textOf } from "../wire.ts";

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
  const prepare = async ({ room }: { readonly room: string }, { as, signal }: Call): Promise<void> => {
    await ensureJoined(context, await actorOf(context, as), room, { signal });
  };
  return {
    "reactions.add": {
      prepare,
      async run({ room, message, emoji }, { as, signal, effectId, attempt }) {
        try {
          await inRoom(context, await actorOf(context, as), room, signal, (on) =>
            sendOnce(on, { room, effectId, attempt, nowMs: context.host.clock.now() }, (txnId) =>
              api.send(on, room, "m.reaction", txnId, markEffect(encodeReaction(message, emoji), effectId)),
            ),
          );
        } catch (error) {
          if (refusedWith(error, "M_DUPLICATE_ANNOTATION")) return { emoji, added: false };
          throw error;
        }
        return { emoji, added: true };
      },
    },

    "reactions.remove": {
      prepare,
      async run({ room, message, emoji }, { as, signal, effectId }) {
        const user = await actorOf(context, as);
        const on = await context.caller(user, signal);
        const mine = (await reactionsTo(on, room, message)).find(
          (found) => found.user === user && found.emoji === emoji,
        );
        if (mine === undefined) return { emoji, removed: false };
        await api.redact(on, room, mine.event, txnIdOf(effectId));
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
