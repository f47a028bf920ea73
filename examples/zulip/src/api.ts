import type { Http } from "@botyard/sdk";
import { multipart, type Part } from "./multipart.ts";
import { createRequests, type Caller, type Form } from "./request.ts";
import type {
  WireEvent,
  WireMessage,
  WireMessages,
  WireNewBot,
  WirePresence,
  WireQueue,
  WireServer,
  WireStream,
  WireSubscribed,
  WireTopic,
  WireUnsubscribed,
  WireUser,
} from "./wire.ts";

const eventTypes = ["message", "update_message", "delete_message", "reaction", "typing", "subscription"];

/** One condition of a search. @see https://zulip.com/api/construct-narrow */
export interface Narrow {
  readonly operator: "channel" | "topic" | "dm";
  readonly operand: string | number | readonly number[];
}

/** Part of a history: up to `before` messages older than the anchor, up to `after` newer ones; never the anchor itself. */
export interface Range {
  readonly anchor: number | "newest";
  readonly before?: number;
  readonly after?: number;
}

/** One function for each call of the server. */
export type Api = ReturnType<typeof createApi>;

export function createApi(http: Http) {
  const { ask, send } = createRequests(http);
  const withFile = async <T>(on: Caller, method: "POST" | "PATCH", path: string, part: Part): Promise<T> => {
    const { body, type } = multipart(part);
    return send<T>(on, { method, path, body, type });
  };
  return {
    /** @see https://zulip.com/api/get-server-settings Without an account. */
    server: (signal: AbortSignal) =>
      ask<WireServer>({ secret: null, bucket: "server", signal }, "GET", "/server_settings"),
    /** @see https://zulip.com/api/get-own-user */
    me: (on: Caller) => ask<WireUser>(on, "GET", "/users/me"),
    /** @see https://zulip.com/api/get-users Bots and deactivated accounts are among them. */
    users: async (on: Caller) =>
      (await ask<{ members: readonly WireUser[] }>(on, "GET", "/users", { client_gravatar: false })).members,
    /** @see https://zulip.com/api/get-user 400 where there is none. */
    user: async (on: Caller, id: number) =>
      (await ask<{ user: WireUser }>(on, "GET", `/users/${id}`, { client_gravatar: false })).user,
    /** @see https://zulip.com/api/get-user-presence 400 for bots, and for people who were never there. */
    presence: (on: Caller, id: number) => ask<WirePresence>(on, "GET", `/users/${id}/presence`),
    /** @see https://zulip.com/api/get-user-status Since Zulip 9.0. */
    status: async (on: Caller, id: number) =>
      (await ask<{ status: { status_text?: string } }>(on, "GET", `/users/${id}/status`)).status,

    /** zerver/views/users.py `add_bot_backend`: the server makes `<short_name>-bot` of the name. */
    createBot: (on: Caller, bot: { readonly full_name: string; readonly short_name: string }) =>
      ask<WireNewBot>(on, "POST", "/bots", { ...bot, bot_type: 1 }),
    /** `patch_bot_backend` */
    patchBot: (on: Caller, id: number, patch: { readonly full_name?: string; readonly bot_owner_id?: number }) =>
      ask<object>(on, "PATCH", `/bots/${id}`, patch),
    /** `patch_bot_backend`, with one file. */
    setAvatar: (on: Caller, id: number, part: Part) => withFile<object>(on, "PATCH", `/bots/${id}`, part),
    /** `deactivate_bot_backend` */
    deactivateBot: (on: Caller, id: number) => ask<object>(on, "DELETE", `/bots/${id}`),
    /** @see https://zulip.com/api/reactivate-user Takes bots too. */
    reactivate: (on: Caller, id: number) => ask<object>(on, "POST", `/users/${id}/reactivate`),
    /** @see https://zulip.com/api/regenerate-bot-api-key The old key dies at once. */
    regenerateKey: async (on: Caller, id: number) =>
      (await ask<{ api_key: string }>(on, "POST", `/bots/${id}/api_key/regenerate`)).api_key,

    /** @see https://zulip.com/api/get-streams All of them for an administrator, by its name of before and after 10.0. */
    streams: async (on: Caller) =>
      (
        await ask<{ streams: readonly WireStream[] }>(on, "GET", "/streams", {
          include_all: true,
          include_all_active: true,
        })
      ).streams,
    /** @see https://zulip.com/api/get-stream-by-id 400 where there is none. */
    stream: async (on: Caller, id: number) => (await ask<{ stream: WireStream }>(on, "GET", `/streams/${id}`)).stream,
    /** @see https://zulip.com/api/update-stream */
    patchStream: (on: Caller, id: number, patch: { readonly new_name?: string; readonly description?: string }) =>
      ask<object>(on, "PATCH", `/streams/${id}`, patch),
    /** @see https://zulip.com/api/get-subscribers */
    subscribers: async (on: Caller, id: number) =>
      (await ask<{ subscribers: readonly number[] }>(on, "GET", `/streams/${id}/members`)).subscribers,
    /** @see https://zulip.com/api/subscribe Makes a channel that is not there. */
    subscribe: (
      on: Caller,
      channel: { readonly name: string; readonly description?: string },
      principals: readonly number[],
      more: Form = {},
    ) => ask<WireSubscribed>(on, "POST", "/users/me/subscriptions", { subscriptions: [channel], principals, ...more }),
    /** @see https://zulip.com/api/unsubscribe */
    unsubscribe: (on: Caller, channel: string, principals: readonly number[]) =>
      ask<WireUnsubscribed>(on, "DELETE", "/users/me/subscriptions", { subscriptions: [channel], principals }),
    /** @see https://zulip.com/api/get-stream-topics Newest first. */
    topics: async (on: Caller, id: number) =>
      (
        await ask<{ topics: readonly WireTopic[] }>(on, "GET", `/users/me/${id}/topics`, {
          allow_empty_topic_name: true,
        })
      ).topics,

    /** @see https://zulip.com/api/send-message */
    post: async (on: Caller, message: Form) => (await ask<{ id: number }>(on, "POST", "/messages", message)).id,
    /** @see https://zulip.com/api/get-message 400 where there is none. */
    message: async (on: Caller, id: number) =>
      (
        await ask<{ message: WireMessage }>(on, "GET", `/messages/${id}`, {
          apply_markdown: false,
          allow_empty_topic_name: true,
        })
      ).message,
    /** @see https://zulip.com/api/get-messages At most 5000 at a time. */
    messages: (on: Caller, narrow: readonly Narrow[], { anchor, before = 0, after = 0 }: Range) =>
      ask<WireMessages>(on, "GET", "/messages", {
        narrow,
        anchor,
        num_before: before,
        num_after: after,
        include_anchor: false,
        apply_markdown: false,
        allow_empty_topic_name: true,
      }),
    /** @see https://zulip.com/api/update-message */
    edit: (on: Caller, id: number, content: string) => ask<object>(on, "PATCH", `/messages/${id}`, { content }),
    /** @see https://zulip.com/api/delete-message */
    remove: (on: Caller, id: number) => ask<object>(on, "DELETE", `/messages/${id}`),
    /** @see https://zulip.com/api/update-message-flags-for-narrow */
    markRead: (on: Caller, narrow: readonly Narrow[], anchor: number) =>
      ask<{ first_processed_id: number | null; found_oldest: boolean }>(on, "POST", "/messages/flags/narrow", {
        anchor,
        include_anchor: true,
        num_before: 1000,
        num_after: 0,
        narrow,
        op: "add",
        flag: "read",
      }),
    /** @see https://zulip.com/api/add-reaction https://zulip.com/api/remove-reaction */
    react: (on: Caller, method: "POST" | "DELETE", id: number, emoji: Form) =>
      ask<object>(on, method, `/messages/${id}/reactions`, { ...emoji, reaction_type: "unicode_emoji" }),
    /** @see https://zulip.com/api/set-typing-status */
    typing: (on: Caller, place: Form, op: "start" | "stop") => ask<object>(on, "POST", "/typing", { ...place, op }),

    /** @see https://zulip.com/api/upload-file `uri` is its name before 9.0. */
    upload: async (on: Caller, part: Part) => {
      const { url, uri = "" } = await withFile<{ url?: string; uri?: string }>(on, "POST", "/user_uploads", part);
      return url ?? uri;
    },
    /** @see https://zulip.com/api/get-file-temporary-url Readable for anybody, for a minute. */
    temporaryUrl: async (on: Caller, path: string) =>
      (await ask<{ url: string }>(on, "GET", `/user_uploads/${path}`)).url,

    /** @see https://zulip.com/api/register-queue Kept for ten minutes without a request. */
    register: (on: Caller) =>
      ask<WireQueue>(on, "POST", "/register", {
        event_types: eventTypes,
        fetch_event_types: ["message", "realm"],
        apply_markdown: false,
        client_gravatar: true,
        client_capabilities: {
          notification_settings_null: true,
          bulk_message_deletion: true,
          stream_typing_notifications: true,
          empty_topic_name: true,
        },
      }),
    /** @see https://zulip.com/api/get-events `last` acknowledges everything up to it. */
    events: async (
      on: Caller,
      queue: string,
      last: number,
      { block, timeoutMs }: { readonly block: boolean; readonly timeoutMs: number },
    ) =>
      (
        await ask<{ events: readonly WireEvent[] }>(on, "GET", "/events", {
          queue_id: queue,
          last_event_id: last,
          dont_block: !block,
          timeoutMs,
        })
      ).events,
    /** @see https://zulip.com/api/delete-queue */
    deleteQueue: (on: Caller, queue: string) => ask<object>(on, "DELETE", "/events", { queue_id: queue }),
  };
}
