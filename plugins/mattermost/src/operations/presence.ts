import { BotyardError, halfDone, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, callerOf, checkId, type Context } from "../context.ts";
import { notIn } from "../send.ts";
import { inner, textOf } from "../wire.ts";

const toStatus = { online: "online", away: "away", busy: "dnd", offline: "offline" } as const;
const fromStatus: Readonly<Record<string, keyof typeof toStatus>> = {
  online: "online",
  away: "away",
  dnd: "busy",
  offline: "offline",
};

export const typing = (context: Context): HandlersOf<Capabilities, "typing"> => ({
  "typing.set": async ({ room, typing = true }, call) => {
    const { on, handle } = await actorOf(context, call.as, call.signal);
    if (typing)
      await api.setTyping(on, room).catch((error: unknown) => {
        throw notIn(context, error, handle, room);
      });
    return { typing };
  },
});

export const presence = (context: Context): HandlersOf<Capabilities, "presence"> => ({
  "presence.set": async ({ presence, text }, call) => {
    const { on, id } = await actorOf(context, call.as, call.signal);
    await api.setStatus(on, id, toStatus[presence]);
    if (text !== undefined)
      await api.setStatusText(on, text).catch((error: unknown) => {
        throw halfDone(error, `the status is ${presence}, but the text beside it is as before`);
      });
    return { presence, text: text || null };
  },
  "presence.get": async ({ user }, call) => {
    const on = await callerOf(context, call);
    const { status } = await api.getStatus(on, checkId("user", user));
    const found = fromStatus[status];
    if (found === undefined) throw new BotyardError("upstream", "Mattermost named a status that is not known");
    const { props } = await api.getUser(on, user);
    return { presence: found, text: textOf(inner(props?.["customStatus"])?.["text"]) || null };
  },
});
