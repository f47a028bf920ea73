import type { Context } from "../context.ts";
import { redactEvent, sendEvent } from "../methods/actor.ts";
import * as messages from "../methods/messages.ts";
import { markRead, sendReceipt } from "../methods/people.ts";
import type * as messagesOperations from "../native/messages.ts";
import type * as historyOperations from "../native/history.ts";
import { actorIn, inTheRoom, type MatrixOf } from "./acting.ts";

export const matrixMessages = (
  context: Context,
): MatrixOf<typeof messagesOperations> & MatrixOf<typeof historyOperations> => {
  const inside = inTheRoom(context);
  return {
    "matrix.send-message-event": {
      ...inside,
      run: async ({ room, type, content, ...written }, call) => ({
        event: await sendEvent(await actorIn(context, call), room, type, content, written),
      }),
    },
    "matrix.send-text": {
      ...inside,
      run: async ({ room, text, ...options }, call) => ({
        event: await messages.sendText(await actorIn(context, call), room, "m.text", text, options),
      }),
    },
    "matrix.send-notice": {
      ...inside,
      run: async ({ room, text, ...options }, call) => ({
        event: await messages.sendText(await actorIn(context, call), room, "m.notice", text, options),
      }),
    },
    "matrix.send-emote": {
      ...inside,
      run: async ({ room, text, ...options }, call) => ({
        event: await messages.sendText(await actorIn(context, call), room, "m.emote", text, options),
      }),
    },
    "matrix.send-file": {
      ...inside,
      run: async ({ room, url, ...options }, call) => ({
        event: await messages.sendFile(await actorIn(context, call), room, url, options),
      }),
    },
    "matrix.react": {
      ...inside,
      run: async ({ room, event, emoji, ...written }, call) => ({
        event: await messages.react(await actorIn(context, call), room, event, emoji, written),
      }),
    },
    "matrix.redact": {
      ...inside,
      run: async ({ room, event, reason }, call) => ({
        event: await redactEvent(await actorIn(context, call), room, event, reason),
      }),
    },
    "matrix.mark-read": async ({ room, event }, call) => ({
      sent: await markRead(await actorIn(context, call), room, event),
    }),
    "matrix.send-receipt": async ({ room, event, type, thread }, call) => {
      await sendReceipt(await actorIn(context, call), room, event, type, thread);
      return {};
    },
    "matrix.batch-send": async ({ room, prevEventId, events, ...options }, call) => {
      const actor = await actorIn(context, call);
      const batch = await messages.batchSend(actor, room, prevEventId, events, options);
      return { ...batch, eventIds: [...batch.eventIds], native: { ...batch.native } };
    },
    "matrix.get-event": async ({ room, event }, call) => ({
      event: { ...(await messages.getEvent(await actorIn(context, call), room, event)) },
    }),
    "matrix.get-context": async ({ room, event, limit }, call) => {
      const {
        before,
        after,
        state,
        event: found,
        ...rest
      } = await messages.getContext(await actorIn(context, call), room, event, limit);
      return { ...rest, event: found && { ...found }, before: [...before], after: [...after], state: [...state] };
    },
    "matrix.get-messages": async ({ room, ...page }, call) => {
      const found = await messages.getMessages(await actorIn(context, call), room, page);
      return { ...found, events: [...found.events] };
    },
  };
};
