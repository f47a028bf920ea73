import type { Call, HandlersOf, NativeMessage } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, checkId, noSuch, type Actor, type Context } from "../context.ts";
import { decodeMessage, iso, isSystemPost } from "../decode.ts";
import { encodeMentions } from "../mentions.ts";
import { orUndefined, type Caller } from "../request.ts";
import { checkFiles, checkFormat, notIn, partsOf, send } from "../send.ts";
import type { WirePost, WirePostList } from "../wire.ts";

/** Newest first. */
const inOrder = ({ order, posts }: WirePostList): WirePost[] => order.flatMap((id) => posts[id] ?? []);

/** A message of this room; one of another room is not there. */
async function find(actor: Actor, room: string, message: string): Promise<WirePost> {
  const post = await orUndefined(api.getPost(actor.on, checkId("message", message)));
  if (post === undefined || post.channel_id !== room || post.delete_at > 0) throw noSuch("message");
  return post;
}

export const messages = (context: Context): HandlersOf<Capabilities, "messages"> => {
  const acting = (call: Call): Promise<Actor> => actorOf(context, call.as, call.signal);
  /** Posts name their senders by id only. */
  const named = async (on: Caller, posts: readonly WirePost[]): Promise<NativeMessage[]> => {
    const senders = posts.map(({ user_id: user }) => user);
    await context.directory.learnUsers(on, senders);
    return posts.map((post) => decodeMessage(post, context.directory.username));
  };
  return {
    "messages.send": {
      prepare: async (input, call) => {
        checkFormat(input.format);
        checkId("room", input.room);
        const actor = await acting(call);
        partsOf(context, await encodeMentions(context, actor.on, input.text, input.mentions));
        await checkFiles(
          actor,
          (input.files ?? []).map(({ id }) => id),
        );
      },
      run: (input, call) => send(context, input, call),
    },
    "messages.update": async ({ room, message, text, format, mentions }, call) => {
      checkFormat(format);
      const actor = await acting(call);
      await find(actor, room, message);
      const written = await encodeMentions(context, actor.on, text, mentions);
      const post = await api.patchPost(actor.on, message, { message: written });
      return { message: post.id, editedAt: post.edit_at > 0 ? iso(post.edit_at) : null };
    },
    "messages.delete": async ({ room, message }, call) => {
      const actor = await acting(call);
      await find(actor, room, message);
      await api.deletePost(actor.on, message);
      return { message };
    },
    "messages.get": async ({ room, message }, call) => {
      const actor = await acting(call);
      const [found] = await named(actor.on, [await find(actor, room, message)]);
      if (found) return found;
      throw noSuch("message");
    },
    "messages.list": async ({ room, limit = 60, cursor }, call) => {
      const actor = await acting(call);
      const perPage = Math.min(limit, api.pageSize);
      const found = await api
        .listPosts(actor.on, room, {
          per_page: perPage,
          ...(cursor === undefined ? {} : { before: checkId("message", cursor) }),
        })
        .catch((error: unknown) => {
          throw notIn(context, error, actor.handle, room);
        });
      const posts = inOrder(found);
      const last = posts.at(-1);
      return {
        items: await named(
          actor.on,
          posts.filter((post) => !isSystemPost(post)),
        ),
        ...(last === undefined || posts.length < perPage ? {} : { next: last.id }),
      };
    },
    "messages.mark-read": async ({ room, message }, call) => {
      const actor = await acting(call);
      await find(actor, room, message);
      await api.viewChannel(actor.on, room);
      return { message };
    },
    "messages.pin": async ({ room, message }, call) => {
      const actor = await acting(call);
      const { is_pinned: before } = await find(actor, room, message);
      await api.pinPost(actor.on, message, true);
      return { message, pinned: !before };
    },
    "messages.unpin": async ({ room, message }, call) => {
      const actor = await acting(call);
      const { is_pinned: before } = await find(actor, room, message);
      await api.pinPost(actor.on, message, false);
      return { message, unpinned: before };
    },
    "messages.list-pins": async ({ room, limit = 100, cursor }, call) => {
      const actor = await acting(call);
      const posts = inOrder(await api.listPinned(actor.on, room));
      const start = cursor === undefined ? 0 : posts.findIndex(({ id }) => id === cursor) + 1;
      const items = posts.slice(start, start + limit);
      const last = items.at(-1);
      return {
        items: await named(actor.on, items),
        ...(last && start + limit < posts.length ? { next: last.id } : {}),
      };
    },
  };
};
