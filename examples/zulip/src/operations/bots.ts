import { BotyardError, type Call, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeBot, toUsername } from "../decode.ts";
import { admin, explained, missing, toId, type State } from "../state.ts";
import type { Caller } from "../request.ts";
import type { WireUser } from "../wire.ts";

/** The server's id of the bot a call names. */
export function idOf(call: Call): number {
  return toId(call.bot?.nativeId ?? "", "bot");
}

export const bots = (state: State): HandlersOf<Capabilities, "bots"> => {
  const { api } = state;
  const found = async (on: Caller, id: number): Promise<WireUser> => {
    const user = await explained(api.user(on, id), missing("bot"));
    if (!user.is_bot) throw new BotyardError("not_found", "This account is no bot.");
    return user;
  };
  return {
    "bots.list": async (_input, call) => {
      const users = await api.users(await admin(state, call.signal));
      return { items: users.filter(({ is_bot }) => is_bot).map(decodeBot) };
    },
    "bots.get": async (_input, call) => decodeBot(await found(await admin(state, call.signal), idOf(call))),
    "bots.create": async ({ handle, username = handle, displayName = handle }, call) => {
      const on = await admin(state, call.signal);
      const short_name = username.replace(/-bot$/, "");
      const made = await explained(api.createBot(on, { full_name: displayName, short_name }), (error) =>
        taken(state, on, short_name, displayName, error),
      );
      // Its email, which the answer leaves out, is half of what it signs in with.
      const user = await api.user(on, made.user_id).catch((cause: unknown) => {
        const why = `The bot was made, and could not be read: ${cause instanceof Error ? cause.message : ""}`;
        throw new BotyardError("upstream", why, {
          effect: "unknown",
          cause,
          fix: `botyard bots adopt ${state.host.connection.id}/${handle} --native-id ${made.user_id}`,
        });
      });
      const given = toUsername(user.email);
      return {
        bot: decodeBot(user),
        credentials: [{ kind: "bot-key", secret: `${user.email}:${made.api_key}` }],
        ...(given === username ? {} : { changed: [{ field: "username", asked: username, given }] }),
      };
    },
    "bots.update": async ({ displayName }, call) => {
      const on = await admin(state, call.signal);
      if (displayName === null) throw new BotyardError("invalid", "A bot of Zulip always has a name.");
      if (displayName !== undefined)
        await explained(
          api.patchBot(on, idOf(call), { full_name: displayName }),
          missing("bot, or its new name is taken"),
        );
      return { bot: decodeBot(await found(on, idOf(call))) };
    },
    "bots.enable": async (_input, call) => {
      const on = await admin(state, call.signal);
      const before = await found(on, idOf(call));
      if (!before.is_active) await api.reactivate(on, idOf(call));
      return { bot: { ...decodeBot(before), enabled: true } };
    },
    "bots.disable": async (_input, call) => {
      const on = await admin(state, call.signal);
      const before = await found(on, idOf(call));
      if (before.is_active) await api.deactivateBot(on, idOf(call));
      return { bot: { ...decodeBot(before), enabled: false } };
    },
    "bots.assign": async ({ owner }, call) => {
      const on = await admin(state, call.signal);
      const people = await api.users(on);
      const person = people.find(({ user_id, email }) => [String(user_id), email, toUsername(email)].includes(owner));
      if (!person || person.is_bot || !person.is_active)
        throw new BotyardError("not_found", "There is no such active user.");
      await explained(api.patchBot(on, idOf(call), { bot_owner_id: person.user_id }), missing("bot"));
      return { bot: decodeBot(await found(on, idOf(call))) };
    },
    "bots.set-icon": async ({ icon }, call) => {
      const name = `icon.${icon.type.replace(/^image\//, "")}`;
      let size = 0;
      const counted = icon.body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            size += chunk.byteLength;
            controller.enqueue(chunk);
          },
        }),
      );
      const part = { field: "file", name, file: { body: counted, type: icon.type } };
      await api.setAvatar(await admin(state, call.signal), idOf(call), part);
      return { type: icon.type, size };
    },
    "bots.get-icon": async (_input, call) => {
      const { avatar_url } = await found(await admin(state, call.signal), idOf(call));
      const url = new URL(avatar_url ?? "https://nobody.invalid", `${state.origin}/`);
      if (url.origin !== state.origin) throw new BotyardError("not_found", "This bot has no picture of its own.");
      const path = `${url.pathname}${url.search}`;
      const request = { method: "GET", path, bucket: "static", signal: call.signal } as const;
      const { status, headers, body } = await state.host.http(state.origin).stream(request);
      if (status === 200) return { body, type: headers["content-type"] ?? "application/octet-stream" };
      await body.cancel();
      throw new BotyardError("not_found", "This bot has no picture of its own.", { upstream: { status } });
    },
  };
};

/** Zulip says 400 to all that is wrong with a new bot; what it minded is seen in the list of users. */
async function taken(state: State, on: Caller, name: string, fullName: string, cause: BotyardError): Promise<never> {
  const users = (await state.api.users(on)).filter(({ is_bot, is_active }) => is_bot && is_active);
  const same = users.find(({ email }) => toUsername(email) === `${name}-bot`);
  if (same) throw new BotyardError("conflict", `There is a bot ${name}-bot on the server already.`, { cause });
  if (users.some(({ full_name }) => full_name === fullName))
    throw new BotyardError("conflict", "Another bot on the server has this display name.", { cause });
  throw cause;
}
