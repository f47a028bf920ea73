import { BotyardError, halfDone, type BotTarget, type Call, type HandlersOf, type Room } from "@botyard/sdk";
import * as api from "../api.ts";
import { isAuthor, moderators, serverBots } from "../bots.ts";
import type { Capabilities } from "../capabilities.ts";
import { failure, type OcsAnswer } from "../ocs.ts";
import { roomName } from "../decode.ts";
import { botOf, person, personOf, readers, type State } from "../state.ts";
import { removeStep, setupStep } from "../steps.ts";
import type { WireBot, WireRoom, WireRoomBot } from "../wire.ts";

const kindOf = { 1: "direct", 2: "group", 3: "channel", 4: "channel", 5: "direct", 6: "direct" } as const;

function toRoom(room: WireRoom): Room {
  return {
    id: room.token,
    kind: kindOf[room.type as keyof typeof kindOf] ?? "group",
    name: room.displayName || roomName(room.name),
    ...(room.description === "" ? {} : { topic: room.description }),
  };
}

/** What webhooks told of a room; its kind is not part of it. */
const heardOf = (id: string, name: string | null): Room => ({ id, kind: "group", name });

/** The id behind a room as a person names it. Asks nobody about tokens: unknown ones count against this address. */
export async function resolveRoom(ref: string, asks: api.Caller | null): Promise<string | null> {
  if (/^[a-z0-9]{4,30}$/.test(ref)) return ref;
  if (!ref.startsWith("user:") || asks === null) return null;
  const uid = ref.slice(5).replace(/^users\//, "");
  return (await api.rooms(asks)).find(({ type, name }) => type === 1 && name === uid)?.token ?? null;
}

const said = (answer: OcsAnswer, what: string, because: string, fix?: string): BotyardError =>
  failure(answer, { what, because, ...(fix === undefined ? {} : { fix }) });

/** The room's bots as the first who may see them does. */
async function look(state: State, call: Call, room: string) {
  const callers = await moderators(state, await readers(state, call.signal), call.signal);
  let last: OcsAnswer | null = null;
  for (const caller of callers) {
    const answer = await api.roomBots(caller, room);
    if (answer.status === 200 && answer.envelope) return { caller, bots: api.toRoomBots(answer), answer };
    // A plain "no" of a moderator says more than that somebody else is not in the room.
    if (last === null || last.status === 404) last = answer;
  }
  return { caller: null, bots: [], answer: last };
}

function refusal(state: State, answer: OcsAnswer | null, what: string): BotyardError {
  const remedy = `botyard credentials login ${state.host.connection.id} account-password --account <a moderator's name>`;
  if (answer === null)
    return new BotyardError(
      "unauthenticated",
      "bots of a room are managed by its moderators, and no app password of one is kept",
      {
        fix: remedy,
      },
    );
  if (answer.status === 403) return said(answer, what, "this account is in the room but does not moderate it", remedy);
  if (answer.status === 404)
    return said(
      answer,
      what,
      "there is no such room, or this account is not in it (an administrator of the server is not either)",
      remedy,
    );
  return failure(answer, { what });
}

/** The server's number of a bot: by its author where an administrator may ask, else by a name that is its own. */
function roomBotOf(bot: BotTarget, inRoom: readonly WireRoomBot[], server: readonly WireBot[] | null, state: State) {
  const admin = server?.find((one) => isAuthor(one, bot.nativeId));
  const known = admin?.id ?? state.memory.bot(bot.handle).id;
  if (known !== null && known !== undefined) return { id: known, admin, found: inRoom.find(({ id }) => id === known) };
  const named = inRoom.filter(({ name }) => name === (bot.displayName ?? bot.handle));
  if (named.length > 1)
    throw new BotyardError(
      "conflict",
      `${named.length} bots of the server are called "${named[0]?.name ?? ""}"; only an administrator's app password tells them apart`,
      {
        fix: `botyard credentials import ${state.host.connection.id} app-password --secret -`,
      },
    );
  return { id: named[0]?.id ?? null, admin, found: named[0] };
}

export const rooms = (state: State): HandlersOf<Capabilities, "rooms"> => {
  const { memory, host } = state;

  return {
    "rooms.list": async ({ limit = 100, cursor }, call) => {
      const all =
        call.as?.kind === "account"
          ? (await api.rooms(personOf(state, call.as, call.signal))).map(toRoom)
          : [...memory.rooms(call.as?.handle ?? "")].map(([id, { name }]) => heardOf(id, name));
      const sorted = all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      const start = cursor === undefined ? 0 : sorted.findIndex(({ id }) => id === cursor) + 1;
      const items = sorted.slice(start, start + limit);
      const next = start + limit < sorted.length ? items.at(-1)?.id : undefined;
      return { items, ...(next === undefined ? {} : { next }) };
    },

    "rooms.get": async ({ room }, call) => {
      if (call.as?.kind === "account") {
        const mine = (await api.rooms(personOf(state, call.as, call.signal))).find(({ token }) => token === room);
        if (mine) return toRoom(mine);
        throw new BotyardError("not_found", `the account ${call.as.id} is in no room ${room}`);
      }
      const known = memory.rooms(call.as?.handle ?? "").get(room);
      if (!known)
        throw new BotyardError("not_found", `${call.as?.handle ?? "the bot"} is not known to be in a room ${room}`, {
          fix: `botyard rooms add-bot ${host.connection.id}/${room} ${call.as?.handle ?? "<bot>"}`,
        });
      for (const reader of await readers(state, call.signal)) {
        const seen = (await api.rooms(reader).catch(() => [])).find(({ token }) => token === room);
        if (seen) return toRoom(seen);
      }
      return heardOf(room, known.name);
    },

    "rooms.create": async ({ name, kind, topic, public: open, invite = [] }, call) => {
      if (kind === "space" || kind === "direct")
        throw new BotyardError("unsupported_param", `Talk makes no ${kind} in this way; nothing was done`, {
          issues: [{ path: "kind", expected: "group or channel" }],
          ...(kind === "direct" ? { instead: "botyard rooms open-direct <user>" } : {}),
        });
      const on = await person(state, call);
      const made = await api.createRoom(on, { roomType: (open ?? false) ? 3 : 2, roomName: name });
      const without = (said: string) => (error: unknown) => {
        throw halfDone(error, `the room was made as ${made.token}, but ${said}`);
      };
      for (const user of invite)
        await api.addParticipant(on, made.token, ...sourceOf(user)).catch(without(`${user} is not in it`));
      if (topic === undefined) return toRoom(made);
      return toRoom(
        await api.changeRoom(on, made.token, "description", topic).catch(without("it is without its topic")),
      );
    },

    "rooms.update": async ({ room, name, topic }, call) => {
      const on = await person(state, call);
      const named = name === undefined ? null : await api.changeRoom(on, room, "name", name);
      if (topic === undefined) return toRoom(named ?? (await api.room(on, room)));
      return toRoom(
        await api.changeRoom(on, room, "description", topic ?? "").catch((error: unknown) => {
          throw named === null ? error : halfDone(error, "the name was changed, but not the topic");
        }),
      );
    },

    "rooms.open-direct": async ({ user }, call) => {
      const [, invite] = sourceOf(user);
      return toRoom(await api.createRoom(await person(state, call), { roomType: 1, invite }));
    },

    "rooms.list-bots": async ({ room }, call) => {
      const { caller, bots, answer } = await look(state, call, room);
      if (caller === null) throw refusal(state, answer, "list the room's bots");
      const server = await serverBots(state, call.signal).catch(() => null);
      const managed = [...state.bots.values()];
      return {
        items: bots
          .filter((bot) => bot.state !== 0)
          .map((bot) => {
            const admin = server?.find(({ id }) => id === bot.id);
            const ours =
              managed.find(({ handle }) => memory.bot(handle).id === bot.id) ??
              managed.find(
                ({ nativeId, displayName, handle }) => nativeId !== null && (displayName ?? handle) === bot.name,
              );
            const nativeId = admin ? `bots/bot-${admin.url_hash}` : (ours?.nativeId ?? String(bot.id));
            // Set up in the room, and yet deaf and mute: the room's list does not tell.
            return { nativeId, username: bot.name, active: admin ? admin.state !== 0 : true };
          }),
      };
    },

    "rooms.add-bot": async ({ room }, call) => {
      const bot = botOf(call);
      const { caller, bots, answer } = await look(state, call, room);
      const server = await serverBots(state, call.signal).catch(() => null);
      if (caller === null) {
        const why = "Only a moderator of the room or occ brings a bot into it.";
        // A room nobody here can see may be a mistyped one.
        if (answer?.status !== 404) host.step(setupStep(state, bot, [room], why), bot.handle);
        const { message, details, code } = refusal(state, answer, "bring the bot into the room");
        const { command = "" } = setupStep(state, bot, [room], why).run;
        throw new BotyardError(code, message, { ...details, instead: command });
      }
      const { id, admin, found } = roomBotOf(bot, bots, server, state);
      if (id === null || (server !== null && admin === undefined))
        throw new BotyardError(
          "not_found",
          `the server offers no bot ${bot.handle} in this room: it is not installed, or hidden (no-setup)`,
          {
            fix: setupStep(state, bot, [room], "").run.command ?? "",
          },
        );
      if (admin?.state === 0)
        throw new BotyardError(
          "conflict",
          `${bot.handle} is switched off on the server${found?.state === 1 ? ", though the room lists it" : ""}; nothing was done`,
          {
            fix: state.occ.state(String(id), 1),
          },
        );
      if (found?.state === 2) {
        await memory.enter(bot.handle, room, { name: null });
        return { room, joined: false, via: "set up by occ before" };
      }
      const done = await api.enableBot(caller, room, id);
      const via = `set up by ${caller.auth?.user ?? "nobody"}`;
      if (done.status === 200 || done.status === 201) {
        await memory.enter(bot.handle, room, { name: null });
        return { room, joined: done.status === 201, via: done.status === 201 ? via : "was there before" };
      }
      if (done.reason === "room")
        throw said(
          done,
          "set the bot up",
          "bots cannot be in this kind of room (a former one-to-one, or a copy of another server's room)",
        );
      if (done.reason === "bot") {
        host.step(
          setupStep(state, bot, [room], "The server lets only occ bring it into rooms, or has it switched off."),
          bot.handle,
        );
        throw said(
          done,
          "set the bot up",
          "the server does not offer this bot: it is switched off, or no-setup",
          state.occ.setup(String(id), [room]),
        );
      }
      throw refusal(state, done, "set the bot up");
    },

    "rooms.remove-bot": async ({ room }, call) => {
      const bot = botOf(call);
      const { caller, bots, answer } = await look(state, call, room);
      if (caller === null) throw refusal(state, answer, "take the bot out of the room");
      const server = await serverBots(state, call.signal).catch(() => null);
      const { id, found } = roomBotOf(bot, bots, server, state);
      // The server answers 200 and sends a Leave also for a bot that was never there: look first.
      if (id === null || !found || found.state === 0) {
        await memory.leave(bot.handle, room);
        return { room, left: false };
      }
      const done = await api.disableBot(caller, room, id);
      if (done.status === 200 || done.status === 201) {
        await memory.leave(bot.handle, room);
        return { room, left: true };
      }
      if (done.reason === "bot") {
        const why = "The server has it switched off, or lets only occ take it out of rooms.";
        host.step(removeStep(state, bot, room, why), bot.handle);
        throw said(
          done,
          "take the bot out",
          "the server has this bot switched off or no-setup: only occ takes it out",
          state.occ.remove(String(id), [room]),
        );
      }
      throw refusal(state, done, "take the bot out");
    },
  };
};

/** `alice` and `users/alice`, `groups/staff`, `federated_users/bob@https://other.server`: the source and its id. */
export function sourceOf(user: string): [source: string, id: string] {
  const at = user.indexOf("/");
  const type = at < 0 ? "" : user.slice(0, at);
  if (["users", "groups", "circles", "emails", "federated_users"].includes(type)) return [type, user.slice(at + 1)];
  return ["users", user];
}
