import { call, type Caller } from "../request.ts";
import { path } from "../path.ts";
import type { WireFileInfo, WirePost, WirePostList, WireReaction, WireStatusOk } from "../wire.ts";

export interface PostWish {
  readonly channel_id: string;
  readonly message: string;
  readonly root_id?: string;
  readonly file_ids?: readonly string[];
  readonly props?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly type?: string;
  /** The same for 30 s: the first post comes back. Shared by all users of the server: must not be guessable. */
  readonly pending_post_id?: string;
}

export const createPost = (on: Caller, wish: PostWish): Promise<WirePost> =>
  call(on, { method: "POST", path: "/posts", json: wish });

/** Shown to one user, kept nowhere; needs `create_post_ephemeral`, which bots do not have by default. */
export const createEphemeral = (on: Caller, user: string, post: PostWish): Promise<WirePost> =>
  call(on, { method: "POST", path: "/posts/ephemeral", json: { user_id: user, post } });

export const getPost = (on: Caller, post: string): Promise<WirePost> =>
  call(on, { method: "GET", path: path`/posts/${post}` });

export const patchPost = (
  on: Caller,
  post: string,
  wish: { readonly message?: string; readonly props?: object },
): Promise<WirePost> => call(on, { method: "PUT", path: path`/posts/${post}/patch`, json: wish });

export const deletePost = (on: Caller, post: string): Promise<WireStatusOk> =>
  call(on, { method: "DELETE", path: path`/posts/${post}` });

export const pinPost = (on: Caller, post: string, pin: boolean): Promise<WireStatusOk> =>
  call(on, { method: "POST", path: pin ? path`/posts/${post}/pin` : path`/posts/${post}/unpin` });

export interface PostQuery {
  /** Unix milliseconds: changed since then, edits and deletions included. */
  readonly since?: number;
  readonly before?: string;
  readonly per_page?: number;
}

export const listPosts = (on: Caller, channel: string, query: PostQuery): Promise<WirePostList> =>
  call(on, { method: "GET", path: path`/channels/${channel}/posts`, query: { ...query } });

export const listPinned = (on: Caller, channel: string): Promise<WirePostList> =>
  call(on, { method: "GET", path: path`/channels/${channel}/pinned` });

/** By name, never in Unicode: `thumbsup`. */
export const addReaction = (on: Caller, user: string, post: string, emoji: string): Promise<WireReaction> =>
  call(on, { method: "POST", path: "/reactions", json: { user_id: user, post_id: post, emoji_name: emoji } });

export const removeReaction = (on: Caller, post: string, emoji: string): Promise<WireStatusOk> =>
  call(on, { method: "DELETE", path: path`/users/me/posts/${post}/reactions/${emoji}` });

/** Null where there is none. */
export const listReactions = (on: Caller, post: string): Promise<readonly WireReaction[] | null> =>
  call(on, { method: "GET", path: path`/posts/${post}/reactions` });

/** Raw bytes, streamed. */
export const uploadFile = (
  on: Caller,
  channel: string,
  filename: string,
  body: ReadableStream<Uint8Array>,
): Promise<{ readonly file_infos: readonly WireFileInfo[] }> =>
  call(on, {
    method: "POST",
    path: "/files",
    query: { channel_id: channel, filename },
    headers: { "content-type": "application/octet-stream" },
    body,
    timeoutMs: 600_000,
  });

export const getFileInfo = (on: Caller, file: string): Promise<WireFileInfo> =>
  call(on, { method: "GET", path: path`/files/${file}/info` });
