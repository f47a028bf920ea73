import { BotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, callerOf, checkId, userIdOf, type Context } from "../context.ts";
import { recallInvocation } from "../invocations.ts";
import { orUndefined, refusedWith, toRequest } from "../request.ts";
import { findPlace, teamIdOf } from "../rooms.ts";
import { hookPath } from "../secrets.ts";
import { errorIds, type WireCommand, type WireIncomingHook, type WireOutgoingHook } from "../wire.ts";
import { tokens } from "./tokens.ts";

export const mattermost = (context: Context): HandlersOf<Capabilities, "mattermost"> => {
  const { host } = context;
  /** Whether an address is one of our hooks; false where we have none. */
  const isOurs = (url: string): boolean => {
    try {
      return url.startsWith(`${host.hooks.url()}/`);
    } catch {
      return false;
    }
  };
  const command = (one: WireCommand) => ({
    id: one.id,
    team: one.team_id,
    trigger: one.trigger,
    title: one.display_name,
    description: one.auto_complete_desc,
    hint: one.auto_complete_hint,
    ours: isOurs(one.url),
  });
  const incoming = (one: WireIncomingHook) => ({
    id: one.id,
    room: one.channel_id,
    team: one.team_id,
    title: one.display_name,
    description: one.description,
  });
  const outgoing = (one: WireOutgoingHook) => ({
    id: one.id,
    room: one.channel_id || null,
    team: one.team_id,
    title: one.display_name,
    words: [...(one.trigger_words ?? [])],
    ours: one.callback_urls.some(isOurs),
  });

  return {
    ...tokens(context),
    "mattermost.respond": async ({ invocation, text, type, attachments }, call) => {
      const found = await recallInvocation(context, invocation);
      if (found === undefined)
        throw new BotyardError("not_found", "there is no such invocation, or it is too long ago");
      if (found.answer === null)
        throw new BotyardError("unsupported", "only slash commands have an address for answers", {
          instead: "botyard messages send, messages update, or mattermost open-dialog with the event's trigger",
        });
      const body = { response_type: type ?? "ephemeral", text, ...(attachments === undefined ? {} : { attachments }) };
      const sent = await orUndefined(
        api.answerCommand(context.anonymous(call.signal), found.answer, body).then(() => true),
      );
      if (sent === undefined) throw new BotyardError("gone", "Mattermost no longer takes answers to this command");
      return {};
    },
    "mattermost.send-ephemeral": async ({ room, user, text }, call) => {
      const { on, handle } = await actorOf(context, call.as, call.signal);
      const post = await orUndefined(
        api.createEphemeral(on, await userIdOf(on, user), { channel_id: room, message: text }),
      );
      if (post) return { message: post.id };
      throw new BotyardError(
        "forbidden",
        `${handle} may not post ephemerally: bots lack create_post_ephemeral by default`,
        {
          instead: "answer a slash command: botyard mattermost respond",
        },
      );
    },
    "mattermost.open-dialog": async ({ trigger, dialog }, call) => {
      const handle = call.bot?.handle ?? "";
      const url = host.hooks.url(await hookPath(context, "dialog", handle));
      await api.openDialog(context.anonymous(call.signal), { trigger_id: trigger, url, dialog });
      return {};
    },
    "mattermost.list-commands": async ({ team }, call) => {
      const on = await context.admin(call.signal);
      return { items: (await api.listCommands(on, await teamIdOf(on, team))).map(command) };
    },
    "mattermost.create-command": async ({ team, trigger, title, description, hint }, call) => {
      const on = await context.admin(call.signal);
      const handle = call.bot?.handle ?? "";
      const made = await api.createCommand(on, {
        team_id: await teamIdOf(on, team),
        method: "P",
        trigger,
        url: host.hooks.url(await hookPath(context, "command", handle)),
        display_name: title ?? "",
        username: call.bot?.username ?? "",
        auto_complete: true,
        auto_complete_desc: description ?? "",
        auto_complete_hint: hint ?? "",
      });
      return command(made);
    },
    "mattermost.delete-command": async ({ command: id }, call) => {
      await api.deleteCommand(await context.admin(call.signal), id);
      return {};
    },
    "mattermost.list-incoming-webhooks": async ({ limit = 100, cursor }, call) => {
      const page = Number(cursor ?? 0);
      const perPage = Math.min(limit, api.pageSize);
      const found = await api.listIncomingHooks(await context.admin(call.signal), page, perPage);
      return { items: found.map(incoming), ...(found.length < perPage ? {} : { next: String(page + 1) }) };
    },
    "mattermost.create-incoming-webhook": async ({ room, title, description }, call) => {
      const made = await api.createIncomingHook(await context.admin(call.signal), {
        channel_id: checkId("room", room),
        display_name: title ?? "",
        description: description ?? "",
      });
      return { ...incoming(made), url: `${context.url}/hooks/${made.id}` };
    },
    "mattermost.delete-incoming-webhook": async ({ webhook }, call) => {
      await api.deleteIncomingHook(await context.admin(call.signal), webhook);
      return {};
    },
    "mattermost.post-incoming-webhook": async (input, call) => {
      const { webhook, text, channel, username, iconEmoji, attachments, props } = input;
      const body = {
        text,
        ...(channel === undefined ? {} : { channel }),
        ...(username === undefined ? {} : { username }),
        ...(iconEmoji === undefined ? {} : { icon_emoji: iconEmoji }),
        ...(attachments === undefined ? {} : { attachments }),
        ...(props === undefined ? {} : { props }),
      };
      await api.postIncoming(context.anonymous(call.signal), webhook, body).catch((error: unknown) => {
        // One id for all refusals: 404 for the channel, 400 for the webhook itself and for what says nothing.
        if (!refusedWith(error, errorIds.incomingHook) || (text === "" && attachments === undefined)) throw error;
        const { upstream } = (error as BotyardError).details;
        const what = upstream?.status === 404 ? "channel or user for it" : "incoming webhook";
        throw new BotyardError("not_found", `Mattermost has no such ${what}; nothing was posted`, {
          ...(upstream === undefined ? {} : { upstream }),
          cause: error,
        });
      });
      return {};
    },
    "mattermost.list-outgoing-webhooks": async ({ team }, call) => {
      const on = await context.admin(call.signal);
      const id = await teamIdOf(on, team);
      const items: ReturnType<typeof outgoing>[] = [];
      for (let page = 0; ; page += 1) {
        const found = await api.listOutgoingHooks(on, id, page, api.pageSize);
        items.push(...found.map(outgoing));
        if (found.length < api.pageSize) return { items };
      }
    },
    "mattermost.create-outgoing-webhook": async ({ room, words, title }, call) => {
      const on = await context.admin(call.signal);
      const place = await findPlace(on, room);
      if (place.kind === "team" || place.channel.type !== "O")
        throw new BotyardError("invalid", "outgoing webhooks work in public channels only", {
          issues: [{ path: "room", expected: "a public channel" }],
        });
      const made = await api.createOutgoingHook(on, {
        team_id: place.channel.team_id,
        channel_id: room,
        display_name: title ?? "",
        trigger_words: words,
        trigger_when: 0,
        callback_urls: [host.hooks.url(await hookPath(context, "webhook", call.bot?.handle ?? ""))],
        content_type: "application/json",
      });
      return outgoing(made);
    },
    "mattermost.delete-outgoing-webhook": async ({ webhook }, call) => {
      await api.deleteOutgoingHook(await context.admin(call.signal), webhook);
      return {};
    },
    "mattermost.update-channel": async ({ room, name, displayName, header, purpose }, call) => {
      const { on } = await actorOf(context, call.as, call.signal);
      const channel = await api.patchChannel(on, checkId("room", room), {
        ...(name === undefined ? {} : { name }),
        ...(displayName === undefined ? {} : { display_name: displayName }),
        ...(header === undefined ? {} : { header }),
        ...(purpose === undefined ? {} : { purpose }),
      });
      context.directory.forgetRoom(room);
      const { id, display_name: shown } = channel;
      return { id, name: channel.name, displayName: shown, header: channel.header, purpose: channel.purpose };
    },
    "mattermost.set-member-role": async ({ room, user, role }, call) => {
      const on = await context.admin(call.signal);
      const roles = role === "admin" ? "channel_user channel_admin" : "channel_user";
      await api.setMemberRoles(on, checkId("room", room), await userIdOf(on, user), roles);
      return { role };
    },
    "mattermost.request": async ({ method, path, query, content }, call) => {
      const on = await callerOf(context, call);
      const { status, json, text } = await on.http.request(
        toRequest(
          on,
          {
            method,
            path,
            ...(query === undefined ? {} : { query }),
            ...(content === undefined ? {} : { json: content }),
          },
          "",
        ),
      );
      return { status, body: json ?? text };
    },
  };
};
