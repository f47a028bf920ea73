import { BotyardError, isBotyardError, type Call, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { botOf, callerOf, nativeIdOf, owning, type Context } from "../context.ts";

/** How long a `Logout` may follow the reset of a token. */
const logoutWithinMs = 30_000;

export const credentials = (context: Context): HandlersOf<Capabilities, "credentials"> => ({
  "credentials.issue": async (_input, call) => {
    const { bot } = await owning(context, call, (on) => api.fetchBot(on, nativeIdOf(call)));
    return { credential: { kind: "bot-token", secret: bot.token } };
  },

  "credentials.rotate": async (_input, call) => {
    const { secret, old } = await reset(context, call);
    const note = { refused: "old token refused (checked)", unchecked: "the old token could not be tried", none: null }[
      old
    ];
    return { credential: { kind: "bot-token", secret }, ...(note === null ? {} : { note }) };
  },

  "credentials.revoke": async (_input, call) => {
    await reset(context, call);
    return {};
  },
});

/** A new token; the old one is dead at once, and that is checked. Its socket is dropped by the server. */
async function reset(
  context: Context,
  call: Call,
): Promise<{ readonly secret: string; readonly old: "refused" | "unchecked" | "none" }> {
  const { host } = context;
  const { handle } = botOf(call);
  const before = await host.credentials.find({ kind: "bot-token", bot: handle });
  context.rotating.add(handle);
  try {
    const { bot } = await owning(context, call, (on) => api.editBot(on, nativeIdOf(call), { remove: ["Token"] }));
    if (before?.secret === bot.token)
      throw new BotyardError("upstream", "The server answered with the old token: it was not replaced.", {
        effect: "none",
      });
    const old = before ? await checkDead(context, before.secret, call.signal) : "none";
    const link = context.links.get(handle);
    // The server says Logout; a socket that does not hear it would go on with a dead token.
    await link?.gateway.end(new BotyardError("unreachable", "The bot's token was replaced."));
    return { secret: bot.token, old };
  } finally {
    const over = (): void => void context.rotating.delete(handle);
    host.clock.sleep(logoutWithinMs, host.signal).then(over, over);
  }
}

async function checkDead(context: Context, token: string, signal: AbortSignal): Promise<"refused" | "unchecked"> {
  const found = await api.me(await callerOf(context, { kind: "bot-token", token }, signal)).then(
    () => "alive" as const,
    (error: unknown) => {
      if (isBotyardError(error) && error.code === "unauthenticated") return "refused" as const;
      context.host.log.warn("whether the old token is refused could not be checked", { error });
      return "unchecked" as const;
    },
  );
  if (found !== "alive") return found;
  throw new BotyardError("upstream", "The server still accepts the old token.", { effect: "unknown" });
}
