import { BotyardError, type InputOf, type Operations } from "@botyard/sdk";
import type { Limits } from "./discovery.ts";
import type { MessagesSendOptions } from "./extras.ts";
import { bytesOf } from "./rules.ts";
import type { JsonObject } from "./wire.ts";

type Send = InputOf<Operations["messages.send"]>;

/** What a send carries to be found again: every attempt has its own, because also a refused one burns it. */
export function keyOf(effectId: string, attempt: number): string {
  return `${effectId}-${attempt}`;
}

/** The effect behind a nonce of ours; undefined for those of others. */
export function effectOf(nonce: string | undefined): string | undefined {
  return /^([0-9A-HJKMNP-TV-Z]{26})-\d{1,4}$/.exec(nonce ?? "")?.[1];
}

/**
 * `ids`: native ids of managed bots by handle. Throws before anything is sent, because also a refused send burns its key
 * and begins the wait of a slow channel.
 */
export function encodeSend(input: Send, limits: Limits, ids: ReadonlyMap<string, string>): JsonObject {
  const options = (input.options ?? {}) as MessagesSendOptions;
  const content = encodeText(input.text, input.mentions, ids);
  const embeds = (options.embeds ?? []).map(({ iconUrl, ...embed }) => ({
    ...embed,
    ...(iconUrl === undefined ? {} : { icon_url: iconUrl }),
  }));
  const attachments = (input.files ?? []).map(({ id }) => id.slice(id.lastIndexOf("/") + 1));
  const answered = [
    ...(input.replyTo ? [{ message: input.replyTo, mention: options.mention ?? false }] : []),
    ...(options.replies ?? []),
  ];
  const size = bytesOf(content) + embeds.reduce((sum, { description = "" }) => sum + bytesOf(description), 0);
  if (size > limits.messageBytes)
    throw new BotyardError(
      "too_large",
      `Text and embeds are ${size} bytes together; Stoat takes ${limits.messageBytes}.`,
      {
        issues: [{ path: "text", expected: `at most ${limits.messageBytes} bytes with the embeds' descriptions` }],
      },
    );
  checkCount("files", attachments.length, limits.attachments);
  checkCount("options.embeds", embeds.length, limits.embeds);
  checkCount("options.replies", answered.length, limits.replies);
  if (content === "" && attachments.length === 0 && embeds.length === 0)
    throw new BotyardError("invalid", "There is nothing to send: no text, file or embed.", {
      issues: [{ path: "text", expected: "text, files or options.embeds" }],
    });
  const { masquerade, interactions, flags } = options;
  return {
    ...(content === "" ? {} : { content }),
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(embeds.length === 0 ? {} : { embeds }),
    ...(answered.length === 0
      ? {}
      : { replies: answered.map(({ message, mention = false }) => ({ id: message, mention })) }),
    ...(masquerade === undefined ? {} : { masquerade }),
    ...(interactions === undefined
      ? {}
      : {
          interactions: {
            reactions: interactions.reactions ?? [],
            restrict_reactions: interactions.restrict ?? false,
          },
        }),
    ...(flags === undefined ? {} : { flags }),
  };
}

function checkCount(path: string, count: number, max: number): void {
  if (count <= max) return;
  throw new BotyardError("invalid", `${count} are too many for one message here: at most ${max}.`, {
    issues: [{ path, expected: `at most ${max}` }],
  });
}

/** Puts Stoat's mentions where the input's are: `@helper` at an offset becomes `<@01M7…>`. */
export function encodeText(text: string, mentions: Send["mentions"], ids: ReadonlyMap<string, string>): string {
  let out = text;
  for (const { id, bot, kind, offset, length } of [...(mentions ?? [])].sort((a, b) => b.offset - a.offset)) {
    const user = id ?? (bot === undefined ? undefined : ids.get(bot));
    const there = text.slice(offset, offset + length);
    if (kind === "room" || user === undefined || length === 0 || there === `<@${user}>`) continue;
    out = `${out.slice(0, offset)}<@${user}>${out.slice(offset + length)}`;
  }
  return out;
}
