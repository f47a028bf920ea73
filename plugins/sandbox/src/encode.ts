import type { InputOf, Operations } from "@botyard/sdk";
import type { WireMarkup, WireMention, WirePost } from "./wire.ts";

type Send = InputOf<Operations["messages.send"]>;

export function encodeMarkup(format: Send["format"]): WireMarkup {
  return format ?? "plain";
}

export function encodeMentions(mentions: Send["mentions"], bots: ReadonlyMap<string, string>): WireMention[] {
  return (mentions ?? []).flatMap(({ kind, id, bot, offset, length }): WireMention[] => {
    if (kind === "room") return [{ user_id: null, at: offset, len: length }];
    const user = id ?? (bot === undefined ? undefined : bots.get(bot));
    return user === undefined ? [] : [{ user_id: user, at: offset, len: length }];
  });
}

/** `bots`: ids of managed bots by handle, for mentions of them. */
export function encodePost(input: Send, reference: string, bots: ReadonlyMap<string, string>): WirePost {
  return {
    room_id: input.room,
    body: input.text,
    markup: encodeMarkup(input.format),
    mentions: encodeMentions(input.mentions, bots),
    file_ids: (input.files ?? []).map(({ id }) => id),
    reply_to: input.replyTo ?? null,
    thread_root: input.thread ?? null,
    reference,
    silent: input.silent ?? false,
  };
}
