import {
  BotyardError,
  halfDone,
  isBotyardError,
  type BotAnswer,
  type Call,
  type CredentialDraft,
  type HandlersOf,
} from "@botyard/sdk";
import * as api from "../api.ts";
import { accountsOf, asMade, checkOwner, leaveNoSelfOwner, readBot, toNativeBot, withAccounts } from "../bots.ts";
import type { Capabilities } from "../capabilities.ts";
import { botIdOf, findUser, type Context } from "../context.ts";
import { toUser } from "../decode.ts";
import { checkUsername } from "../ids.ts";
import { deletePicture, getPicture, setPicture } from "../pictures.ts";
import { orUndefined, refusedWith, type Caller } from "../request.ts";
import type { ConvertWish } from "../settings.ts";
import { botCreationStep } from "../steps.ts";
import { endToken, issueToken } from "../tokens.ts";
import { errorIds } from "../wire.ts";

function checkName(path: string, name: string): string {
  const wrong = checkUsername(name);
  if (wrong === undefined) return name;
  throw new BotyardError("invalid", "Mattermost takes no such username for a bot", {
    issues: [{ path, expected: wrong }],
  });
}

export const bots = (context: Context): HandlersOf<Capabilities, "bots"> => {
  /** A bot that has no token yet is still there: the state says what is missing. */
  const tokenFor = async (on: Caller, id: string, handle: string): Promise<CredentialDraft[]> => {
    try {
      return [await issueToken(context, on, id, handle)];
    } catch (error) {
      context.host.log.warn("the bot was made, but no token for it", { bot: handle, error });
      return [];
    }
  };

  const create = async (
    wish: api.BotWish,
    handle: string,
    owner: string | undefined,
    call: Call,
  ): Promise<BotAnswer> => {
    const on = await context.admin(call.signal);
    const person = owner === undefined ? undefined : await checkOwner(on, await orUndefined(findUser(on, owner)));
    const made = await api.createBot(on, wish).catch((error: unknown) => {
      if (refusedWith(error, errorIds.botCreationOff)) context.host.step(botCreationStep(context.url));
      throw error;
    });
    // From here on the bot exists: what the server refuses of the rest is told, and the bot and its token are kept.
    const changed: NonNullable<BotAnswer["changed"]> = [];
    const given = async (to: string): Promise<typeof made> =>
      api.assignBot(on, made.user_id, to).catch((error: unknown) => {
        if (!isBotyardError(error)) throw error;
        changed.push({ field: "options.owner", asked: owner ?? to, given: `not set: ${error.message}` });
        return made;
      });
    const bot = person === undefined ? made : await given(person.id);
    const credentials = await tokenFor(on, made.user_id, handle);
    return { bot: await asMade(context, on, bot), credentials, ...(changed.length === 0 ? {} : { changed }) };
  };

  return {
    "bots.list": async ({ cursor }, call) => {
      const on = await context.admin(call.signal);
      const page = Number(cursor ?? 0);
      const found = await api.listBots(on, { page, includeDeleted: true });
      const accounts = await accountsOf(on, found);
      return {
        items: found.map((bot) => toNativeBot(bot, accounts)),
        ...(found.length < api.pageSize ? {} : { next: String(page + 1) }),
      };
    },
    "bots.get": async (_input, call) => readBot(await context.admin(call.signal), botIdOf(call)),
    "bots.create": async ({ handle, username = handle, displayName, description, options }, call) => {
      const owner = typeof options?.["owner"] === "string" ? options["owner"] : undefined;
      const wish = {
        username: checkName("username", username),
        ...(displayName === undefined ? {} : { display_name: displayName }),
        ...(description === undefined ? {} : { description }),
      };
      return create(wish, handle, owner, call);
    },
    "bots.update": async ({ username, displayName, description }, call) => {
      const on = await context.admin(call.signal);
      const bot = await api.patchBot(on, botIdOf(call), {
        ...(username === undefined ? {} : { username: checkName("username", username) }),
        ...(displayName === undefined ? {} : { display_name: displayName ?? "" }),
        ...(description === undefined ? {} : { description: description ?? "" }),
      });
      return { bot: await withAccounts(on, bot) };
    },
    "bots.enable": async (_input, call) => {
      const on = await context.admin(call.signal);
      const id = botIdOf(call);
      await api.enableBot(on, id);
      try {
        // The account's own row is switched off apart from the bot's.
        if ((await api.getUser(on, id)).delete_at > 0) await api.setUserActive(on, id, true);
        context.wake.get(call.bot?.handle ?? "")?.();
        return { bot: await readBot(on, id) };
      } catch (error) {
        throw halfDone(error, "the bot is enabled, but whether its account is active could not be seen to");
      }
    },
    "bots.disable": async (_input, call) => {
      const on = await context.admin(call.signal);
      const id = botIdOf(call);
      await leaveNoSelfOwner(context, on, id, call.signal);
      await api.disableBot(on, id);
      return { bot: await readBot(on, id) };
    },
    "bots.assign": async ({ owner }, call) => {
      const on = await context.admin(call.signal);
      const person = await checkOwner(on, await orUndefined(findUser(on, owner)));
      return { bot: await withAccounts(on, await api.assignBot(on, botIdOf(call), person.id)) };
    },
    "bots.convert-to-user": async ({ password, options }, call) => {
      const on = await context.admin(call.signal);
      const { email, username, firstName, lastName, systemAdmin } = (options ?? {}) as ConvertWish;
      const kept = await context.botToken(call.bot?.handle ?? "");
      const wish = {
        password,
        ...(email === undefined ? {} : { email }),
        ...(username === undefined ? {} : { username }),
        ...(firstName === undefined ? {} : { first_name: firstName }),
        ...(lastName === undefined ? {} : { last_name: lastName }),
      };
      const user = await api.convertBotToUser(on, botIdOf(call), wish, systemAdmin).catch(async (error: unknown) => {
        // Of a disabled bot the server says that there is none.
        const row = refusedWith(error, errorIds.botMissing)
          ? await orUndefined(api.getBot(on, botIdOf(call)))
          : undefined;
        if (row === undefined || row.delete_at === 0) throw error;
        throw new BotyardError("conflict", "Mattermost converts no bot that is disabled; nothing was changed", {
          fix: `botyard bots enable ${context.host.connection.id}/${call.bot?.handle ?? ""}`,
          cause: error,
        });
      });
      // The server leaves a bot's tokens alive; a person's account should not answer to ours.
      if (kept?.nativeId)
        await endToken(on, kept.nativeId).catch((error: unknown) =>
          context.host.log.warn("the token of a converted bot could not be revoked", { token: kept.nativeId, error }),
        );
      return { ...toUser(user), kind: "user" };
    },
    "bots.get-icon": async (_input, call) => getPicture(context, await context.admin(call.signal), botIdOf(call)),
    "bots.set-icon": async ({ icon }, call) =>
      setPicture(context, await context.admin(call.signal), botIdOf(call), icon),
    "bots.delete-icon": async (_input, call) => {
      await deletePicture(context, await context.admin(call.signal), botIdOf(call));
      return {};
    },
  };
};

export const users = (context: Context): HandlersOf<Capabilities, "users"> => ({
  "users.list": async ({ search, limit = 100, cursor }, call) => {
    const on = await context.admin(call.signal);
    const perPage = Math.min(limit, api.pageSize);
    if (search !== undefined && search !== "")
      return { items: (await api.searchUsers(on, search, Math.min(limit, 1000))).map(toUser) };
    const page = Number(cursor ?? 0);
    const found = await api.listUsers(on, page, perPage);
    return { items: found.map(toUser), ...(found.length < perPage ? {} : { next: String(page + 1) }) };
  },
  "users.get": async ({ user }, call) => toUser(await findUser(await context.admin(call.signal), user)),
  "users.convert-to-bot": async ({ user, handle }, call) => {
    const on = await context.admin(call.signal);
    const admin = await context.adminUser(call.signal);
    const { id, username } = await findUser(on, user);
    if (id === admin.id)
      throw new BotyardError(
        "invalid",
        "this is the account of the admin token: as a bot it could no longer look after bots",
        {
          issues: [{ path: "user", expected: "another account" }],
        },
      );
    await api.convertUserToBot(on, id);
    // At once: it owns itself now, and the server would loop for ever when it is disabled.
    const bot = await api.assignBot(on, id, admin.id).catch((error: unknown) => {
      throw new BotyardError(
        "upstream",
        "the account is a bot now and owns itself, because it could not be given to the admin; never disable it before it has another owner",
        { effect: "applied", fix: `mmctl bot assign ${username} ${admin.username}`, cause: error },
      );
    });
    const credentials = await issueToken(context, on, id, handle).then(
      (one) => [one],
      () => [],
    );
    return { bot: await asMade(context, on, bot), credentials };
  },
});
