import {
  BotyardError,
  halfDone,
  isBotyardError,
  type BotAnswer,
  type Call,
  type HandlersOf,
  type NativeBot,
} from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { botOf, callerOf, nativeIdOf, owning, type Context } from "../context.ts";
import { decodeBot } from "../decode.ts";
import type { BotsCreateOptions, BotsUpdateOptions, OAuth2Edit } from "../extras.ts";
import type { Caller } from "../request.ts";
import { checkLength, checkName } from "../rules.ts";
import type { JsonObject, WireBotWithUser } from "../wire.ts";
import { icons } from "./icons.ts";
import { leave } from "./rooms.ts";

type Changed = NonNullable<BotAnswer["changed"]>;

/** The route of bots allows ten calls in ten seconds: what only the public view tells is asked for once a minute. */
const aboutMs = 60_000;

/** Only the public view tells the description; where it cannot be had, what is known of it stays. */
async function withAbout(context: Context, on: Caller, found: WireBotWithUser, fresh = false): Promise<NativeBot> {
  const { abouts, host } = context;
  const id = found.bot._id;
  const before = abouts.get(id);
  if (before && !fresh && host.clock.now() - before.at < aboutMs) return decodeBot(found, before.description);
  try {
    const { description = null } = await api.publicBot(on, id);
    abouts.set(id, { at: host.clock.now(), description });
    return decodeBot(found, description);
  } catch (error) {
    host.log.info("the description of a bot could not be read", { error });
    const known = (await host.bots.list()).find(({ nativeId }) => nativeId === id)?.description;
    return decodeBot(found, before?.description ?? known ?? null);
  }
}

const shown = (text: string | null): string => text ?? "";

export const bots = (context: Context): HandlersOf<Capabilities, "bots"> => ({
  ...icons(context),

  "bots.list": (_input, call) =>
    owning(context, call, async (on) => {
      const items: NativeBot[] = [];
      for (const found of await api.ownedBots(on)) items.push(await withAbout(context, on, found));
      return { items };
    }),

  "bots.get": (_input, call) =>
    owning(context, call, async (on) => withAbout(context, on, await api.fetchBot(on, nativeIdOf(call)))),

  "bots.create": async (input, call) => {
    const options = (input.options ?? {}) as BotsCreateOptions;
    const name = input.username ?? input.handle;
    checkName(name);
    checkProfile(input);
    if (options.oauth2 && context.oauth2 === false) throw noOAuth2();
    return owning(context, call, async (on) => {
      const made = await api.createBot(on, name);
      // From here on the bot exists: what the server refuses of the rest is told, and the bot and its token are kept.
      const wishes = wishesOf({ ...options, displayName: input.displayName, description: input.description });
      const refused: Changed = [];
      for (const wish of wishes) {
        await wish.grant(context, on, made.bot._id).catch((error: unknown) => {
          if (!isBotyardError(error)) throw error;
          refused.push({ field: wish.field, asked: wish.asked, given: `not set: ${error.message}` });
        });
      }
      const now = wishes.length === 0 ? made : await api.fetchBot(on, made.bot._id).catch(() => made);
      const bot = await withAbout(context, on, now, true);
      const changed = [...renamed(name, bot), ...refused];
      return {
        bot,
        credentials: [{ kind: "bot-token", secret: made.bot.token }],
        ...(changed.length === 0 ? {} : { changed }),
      };
    });
  },

  "bots.update": async (input, call) => {
    const options = (input.options ?? {}) as BotsUpdateOptions;
    const id = nativeIdOf(call);
    if (input.username !== undefined) checkName(input.username);
    checkProfile(input);
    const wantsOAuth2 = options.oauth2 !== undefined || options.resetOauth2ClientSecret === true;
    if (wantsOAuth2 && context.oauth2 === false) throw noOAuth2();
    return owning(context, call, async (on) => {
      const kept: string[] = [];
      for (const wish of wishesOf({ ...options, ...input })) {
        try {
          await wish.grant(context, on, id);
          kept.push(wish.field);
        } catch (error) {
          throw kept.length === 0 ? error : halfDone(error, `${were(kept)} changed, ${wish.field} was not`);
        }
      }
      const now = await api.fetchBot(on, id).catch((error: unknown) => {
        // Begun anew, a client secret would be replaced a second time.
        throw kept.length === 0 ? error : halfDone(error, `${were(kept)} changed, but the bot could not be read again`);
      });
      const bot = await withAbout(context, on, now, true);
      const changed = input.username === undefined ? [] : renamed(input.username, bot);
      return { bot, ...(changed.length === 0 ? {} : { changed }) };
    });
  },

  "bots.delete": async (_input, call) => {
    const bot = botOf(call);
    const id = nativeIdOf(call);
    const left = await leavePlaces(context, call);
    await owning(context, call, (on) => api.deleteBot(on, id)).catch((error: unknown) => {
      if (isBotyardError(error) && error.code === "not_found") return;
      const places = left === 1 ? "1 server or group" : `${left} servers and groups`;
      throw left === 0 ? error : halfDone(error, `the bot has left ${places}, but was not deleted`);
    });
    // The server leaves it open, and goes on sending events to a bot that is no more.
    await context.links.get(bot.handle)?.gateway.end(null);
    return {};
  },
});

/** A deleted bot stays in the lists of 0.15's servers and groups: it leaves them first, as far as it can. How many it left. */
async function leavePlaces(context: Context, call: Call): Promise<number> {
  const bot = botOf(call);
  let left = 0;
  const { handle } = bot;
  const as = { kind: "bot", id: bot.nativeId ?? "", handle, credential: null } as const;
  const note = (error: unknown): void =>
    context.host.log.info("the bot could not leave a place before it was deleted", { bot: handle, error });
  try {
    const token = await context.host.credentials.find({ kind: "bot-token", bot: handle });
    if (token === null) return left;
    const places = await context.placesOf(as, true, call.signal);
    const on = await callerOf(context, { kind: "bot-token", token: token.secret }, call.signal);
    const groups = places.channels().filter(({ channel_type }) => channel_type === "Group");
    const leaving = [
      ...places.servers().map(
        ({ _id }) =>
          () =>
            leave(on, _id, bot.nativeId ?? ""),
      ),
      ...groups.map(
        ({ _id }) =>
          () =>
            api.leaveGroup(on, _id),
      ),
    ];
    for (const one of leaving) await one().then(() => (left += 1), note);
  } catch (error) {
    if (call.signal.aborted) throw error;
    note(error);
  }
  return left;
}

function renamed(asked: string, bot: NativeBot): Changed {
  return asked === bot.username ? [] : [{ field: "username", asked, given: bot.username }];
}

function checkProfile(input: {
  readonly displayName?: string | null | undefined;
  readonly description?: string | null | undefined;
}): void {
  checkLength("displayName", input.displayName, 2, 32);
  checkLength("description", input.description, 0, 2000);
}

/** One call of its own for each thing that may be refused on its own: what was done is then known. */
interface Wish {
  readonly field: string;
  readonly asked: string;
  grant(context: Context, on: Caller, id: string): Promise<unknown>;
}

interface Wishes extends Omit<BotsUpdateOptions, never> {
  readonly username?: string | undefined;
  readonly displayName?: string | null | undefined;
  readonly description?: string | null | undefined;
}

/** OAuth2 first: an instance without it says 200 and does nothing, and then nothing else shall have been done. */
function wishesOf(input: Wishes): Wish[] {
  const { oauth2, resetOauth2ClientSecret, username, displayName, description, pronouns, interactionsUrl } = input;
  const wishes: Wish[] = [];
  if (oauth2 !== undefined)
    wishes.push({
      field: "options.oauth2",
      asked: oauth2 === null ? "off" : "on",
      grant: (context, on, id) => setOAuth2(context, on, id, oauth2),
    });
  if (resetOauth2ClientSecret)
    wishes.push({ field: "options.resetOauth2ClientSecret", asked: "true", grant: resetSecret });
  if (username !== undefined)
    wishes.push({ field: "username", asked: username, grant: (_, on, id) => api.editBot(on, id, { name: username }) });
  for (const field of ["public", "analytics"] as const) {
    const wanted = input[field];
    if (wanted !== undefined)
      wishes.push({
        field: `options.${field}`,
        asked: String(wanted),
        grant: (_, on, id) => api.editBot(on, id, { [field]: wanted }),
      });
  }
  if (interactionsUrl !== undefined)
    wishes.push({
      field: "options.interactionsUrl",
      asked: shown(interactionsUrl),
      // given and removed in one call is an error of the server, and null means "not given"
      grant: (_, on, id) =>
        api.editBot(
          on,
          id,
          interactionsUrl === null ? { remove: ["InteractionsURL"] } : { interactions_url: interactionsUrl },
        ),
    });
  const profile = profileOf({ displayName, description, pronouns });
  if (profile)
    wishes.push({
      field: profile.field,
      asked: profile.asked,
      grant: (_, on, id) => api.editUser(on, id, profile.edit),
    });
  return wishes;
}

function profileOf({ displayName, description, pronouns }: Pick<Wishes, "displayName" | "description" | "pronouns">): {
  readonly field: string;
  readonly asked: string;
  readonly edit: JsonObject;
} | null {
  const parts = [
    { field: "displayName", value: displayName, set: { display_name: displayName }, remove: "DisplayName" },
    { field: "description", value: description, set: { profile: { content: description } }, remove: "ProfileContent" },
    { field: "options.pronouns", value: pronouns, set: { pronouns }, remove: "Pronouns" },
  ].filter(({ value }) => value !== undefined);
  if (parts.length === 0) return null;
  const remove = parts.filter(({ value }) => value === null || value === "").map((one) => one.remove);
  const set = parts.filter(({ value }) => value !== null && value !== "").map((one) => one.set);
  return {
    field: parts.map(({ field }) => field).join(", "),
    asked: parts.map(({ value }) => shown(value ?? null)).join(", "),
    edit: { ...Object.assign({}, ...set), ...(remove.length === 0 ? {} : { remove }) },
  };
}

/** Believed only when the answer shows it: released servers ignore the field with 200. */
async function setOAuth2(context: Context, on: Caller, id: string, edit: OAuth2Edit | null): Promise<void> {
  if (edit === null) {
    const { bot } = await api.editBot(on, id, { remove: ["Oauth2"] }).catch(notKnown);
    if (bot.oauth2)
      throw new BotyardError("upstream", "The server answered that OAuth2 is still on.", { effect: "unknown" });
    return;
  }
  const { bot } = await api.editBot(on, id, {
    oauth2: {
      ...(edit.public === undefined ? {} : { public: edit.public }),
      ...(edit.redirectUris === undefined ? {} : { redirects: edit.redirectUris }),
      ...(edit.allowedScopes === undefined ? {} : { allowed_scopes: edit.allowedScopes }),
    },
  });
  context.oauth2 = Boolean(bot.oauth2);
  if (!bot.oauth2) throw noOAuth2();
}

async function resetSecret(_context: Context, on: Caller, id: string): Promise<void> {
  const { bot: before } = await api.fetchBot(on, id);
  if (!before.oauth2)
    throw new BotyardError("conflict", "OAuth2 is off for this bot: there is no client secret to replace.");
  if (before.oauth2.public) throw new BotyardError("conflict", "A public client has no secret to replace.");
  const { bot } = await api.editBot(on, id, { remove: ["Oauth2Secret"] }).catch(notKnown);
  if (!bot.oauth2 || bot.oauth2.secret === before.oauth2.secret)
    throw new BotyardError("upstream", "The server answered with the old client secret.", { effect: "unknown" });
}

/** A value of `remove` that the instance does not know is refused as a whole, and without a name. */
function notKnown(error: unknown): never {
  const refused =
    isBotyardError(error) && error.details.upstream?.status === 422 && error.details.upstream.code === undefined;
  throw refused ? noOAuth2() : error;
}

function noOAuth2(): BotyardError {
  return new BotyardError(
    "unsupported",
    "This instance has no OAuth2 settings of bots: no released server has them. Nothing was changed.",
    {
      issues: [{ path: "options.oauth2", expected: "leave it out" }],
    },
  );
}

const were = (fields: readonly string[]): string => `${fields.join(", ")} ${fields.length > 1 ? "were" : "was"}`;
