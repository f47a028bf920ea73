import { BotyardError, type BotTarget, type Bytes, type HandlersOf, type NativeBot } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import type { Context } from "../context.ts";
import { ghostId, localpartOf, parseMxc } from "../ids.ts";
import { ensureRegistered } from "../intent.ts";
import { orUndefined, refusedWith } from "../request.ts";
import { errcodes } from "../wire.ts";

function idOf(bot: BotTarget | null): string {
  if (bot?.nativeId != null) return bot.nativeId;
  throw new BotyardError("conflict", "the bot has no user on the homeserver");
}

async function shown(context: Context, user: string, displayName: string | null): Promise<NativeBot> {
  const { sender } = await context.identity();
  return {
    nativeId: user,
    username: localpartOf(user),
    displayName,
    description: null,
    enabled: true,
    native: { sender: user === sender },
  };
}

/** Bots are users of the namespace, or the sender itself. */
export const bots = (context: Context): HandlersOf<Capabilities, "bots"> => ({
  "bots.list": async () => {
    const { sender } = await context.identity();
    const managed = await context.host.bots.list();
    const names = new Map(
      managed.flatMap(({ nativeId, displayName }) => (nativeId === null ? [] : [[nativeId, displayName] as const])),
    );
    const users = names.has(sender) ? [...names.keys()] : [sender, ...names.keys()];
    return { items: await Promise.all(users.map((user) => shown(context, user, names.get(user) ?? null))) };
  },

  "bots.get": async (_, { bot, signal }) => {
    const user = idOf(bot);
    const profile = await orUndefined(api.getProfile(await context.caller(undefined, signal), user));
    if (profile === undefined) {
      await context.memory.setRegistered(user, false);
      throw new BotyardError("not_found", `the homeserver has no user ${user}`, {
        fix: `botyard rooms add-bot registers it again`,
      });
    }
    return shown(context, user, profile.displayname ?? null);
  },

  "bots.create": async ({ handle, username, displayName, options }, { signal }) => {
    const { sender, ghostPrefix, serverName, owns } = await context.identity();
    const user =
      options?.["sender"] === true
        ? sender
        : username === undefined
          ? ghostId(handle, ghostPrefix, serverName)
          : `@${username}:${serverName}`;
    if (!owns(user))
      throw new BotyardError(
        "invalid",
        `${user} is outside the users namespace of the registration (${context.service.users.map(({ regex }) => regex).join(", ")})`,
        {
          issues: [{ path: "username", expected: "a name the namespace matches" }],
          instead: `--username ${ghostPrefix}${handle}`,
        },
      );
    await ensureRegistered(context, user, { signal, fresh: true });
    if (displayName !== undefined)
      await api.putProfile(await context.caller(user, signal), user, "displayname", displayName);
    const profile = await orUndefined(api.getProfile(await context.caller(user, signal), user));
    return { bot: await shown(context, user, profile?.displayname ?? null) };
  },

  "bots.update": async ({ displayName }, { bot, signal }) => {
    const user = idOf(bot);
    await ensureRegistered(context, user, { signal });
    if (displayName !== undefined)
      await api.putProfile(await context.caller(user, signal), user, "displayname", displayName ?? "");
    return { bot: await shown(context, user, displayName === undefined ? (bot?.displayName ?? null) : displayName) };
  },

  "bots.delete": async (_, { bot, signal }) => {
    const user = idOf(bot);
    const { sender } = await context.identity();
    if (user === sender)
      throw new BotyardError("unsupported", "the sender of the registration cannot be deleted; nothing was changed", {
        instead: `botyard bots release ${bot?.handle ?? ""}`,
      });
    const on = await context.caller(user, signal);
    for (const room of await api.joinedRooms(on)) {
      await api.leave(on, room).catch((error: unknown) => {
        if (!refusedWith(error, errcodes.forbidden)) throw error;
      });
      await context.memory.setMembership(room, user, "leave");
    }
    await api.putProfile(on, user, "displayname", "");
    await api.putProfile(on, user, "avatar_url", "");
    return {};
  },

  "bots.get-icon": async (_, { bot, signal }) => {
    const on = await context.caller(idOf(bot), signal);
    const profile = await orUndefined(api.getProfile(on, idOf(bot)));
    const media = parseMxc(profile?.avatar_url ?? "");
    if (media === undefined) throw new BotyardError("not_found", `${bot?.handle ?? "the bot"} has no icon`);
    return api.download(on, media.server, media.id);
  },

  "bots.set-icon": async ({ icon }, { bot, signal }) => {
    const user = idOf(bot);
    await ensureRegistered(context, user, { signal });
    const on = await context.caller(user, signal);
    const counted = count(icon);
    const uri = await api.upload(on, counted.file);
    await api.putProfile(on, user, "avatar_url", uri);
    return { type: icon.type, size: counted.size() };
  },

  "bots.delete-icon": async (_, { bot, signal }) => {
    const user = idOf(bot);
    await api.putProfile(await context.caller(user, signal), user, "avatar_url", "");
    return {};
  },
});

/** Counts bytes on their way, where nobody said how many there are. */
export function count(file: Bytes): { readonly file: Bytes; size(): number } {
  let size = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.length;
      controller.enqueue(chunk);
    },
  });
  return { file: { ...file, body: file.body.pipeThrough(counter) }, size: () => size };
}
