import { BotyardError, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import type { Context } from "../context.ts";
import * as people from "../methods/people.ts";
import type { Presence } from "../wire.ts";
import { actorIn, inTheRoom } from "./acting.ts";

const toNative: Readonly<Record<string, Presence>> = { online: "online", away: "unavailable", offline: "offline" };
const fromNative = { online: "online", unavailable: "away", offline: "offline", busy: "busy" } as const;

const defaultTypingMs = 30_000;

export const typing = (context: Context): HandlersOf<Capabilities, "typing"> => ({
  "typing.set": {
    ...inTheRoom(context),
    async run({ room, typing: on = true, forMs = defaultTypingMs }, call) {
      await people.setTyping(await actorIn(context, call), room, on ? forMs : 0);
      return { typing: on };
    },
  },
});

export const presence = (context: Context): HandlersOf<Capabilities, "presence"> => ({
  "presence.set": async ({ presence: wanted, text }, call) => {
    const native = toNative[wanted];
    if (native === undefined)
      throw new BotyardError("unsupported_param", "homeservers have no busy users", { instead: "--presence away" });
    await people.setPresence(await actorIn(context, call), native, text, true);
    return { presence: wanted, text: text ?? null };
  },
  "presence.get": async ({ user }, call) => {
    const { presence: seen, status } = await people.getPresence(await actorIn(context, call), user);
    return { presence: fromNative[seen as keyof typeof fromNative] ?? "offline", text: status };
  },
});
