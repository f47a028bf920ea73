import { BotyardError, type HandlersOf, type InputOf, type Operations } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { acting, authOf, openGateway, type Context } from "../context.ts";
import { checkLength } from "../rules.ts";
import type { WireUser } from "../wire.ts";

type State = InputOf<Operations["presence.set"]>["presence"];

const toWire = { online: "Online", away: "Idle", busy: "Busy", offline: "Invisible" } as const;
const fromWire: Readonly<Record<string, State>> = {
  Online: "online",
  Idle: "away",
  Focus: "busy",
  Busy: "busy",
  Invisible: "offline",
};

export const presence = (context: Context): HandlersOf<Capabilities, "typing" | "presence"> => ({
  "typing.set": async ({ room, typing = true }, call) => {
    if (call.as === null) throw new BotyardError("invalid", "Somebody has to type: give `as`.");
    const link = context.links.get(call.as.handle ?? "");
    if (link) {
      await link.gateway.typing(room, typing);
      return { typing };
    }
    // There is no call for it but on a socket.
    const auth = await authOf(context, call.as);
    if (auth.kind === "nobody") return { typing: false };
    const gateway = await openGateway(context, auth.token, call.signal);
    await gateway.typing(room, typing);
    await gateway.end(null);
    return { typing };
  },

  "presence.set": async ({ presence: state, text }, call) => {
    checkLength("text", text, 1, 128);
    const user = await acting(context, call, (on) =>
      api.editUser(on, "@me", { status: { presence: toWire[state], ...(text === undefined ? {} : { text }) } }),
    );
    return { presence: fromWire[user.status?.presence ?? ""] ?? state, text: user.status?.text ?? null };
  },

  "presence.get": async ({ user }, call) => presenceOf(await acting(context, call, (on) => api.user(on, user))),
});

/** Who is not connected is not there, whatever they chose to show. */
function presenceOf({ online = false, status }: WireUser): { presence: State; text: string | null } {
  const shown = fromWire[status?.presence ?? "Online"] ?? "online";
  return { presence: online ? shown : "offline", text: status?.text ?? null };
}
