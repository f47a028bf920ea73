import type { PostWish } from "./api/posts.ts";
import { effectProp } from "./decode.ts";
import type { SendOptions } from "./settings.ts";

/** The key of one part, the same in every attempt: nobody else can guess it, and it names its owner. */
export const encodeKey = (user: string, effectId: string, part: number, turn: number): string =>
  `${user}:${effectId}${part === 0 ? "" : `.${part}`}${turn === 0 ? "" : `~${turn}`}`;

interface Part {
  readonly room: string;
  readonly text: string;
  /** First message of the thread. */
  readonly root: string | undefined;
  readonly files: readonly string[];
  /** Mark by which history shows what a send became. */
  readonly effect: string;
  readonly options: SendOptions;
}

/** One message as the server takes it; the mark cannot be overridden by `props`. */
export function encodePost({ room, text, root, files, effect, options }: Part): PostWish {
  const { attachments, priority, props, type } = options;
  return {
    channel_id: room,
    message: text,
    ...(root === undefined ? {} : { root_id: root }),
    ...(files.length === 0 ? {} : { file_ids: files }),
    ...(type === undefined ? {} : { type }),
    ...(priority === undefined || priority === "standard" ? {} : { metadata: { priority: { priority } } }),
    props: { ...props, ...(attachments === undefined ? {} : { attachments }), [effectProp]: effect },
  };
}
