import type { WirePost } from "./wire.ts";

/** Pigeon shows text as it is written; the key is the effect's own, so that a repeat is answered with the first message. */
export function encodePost({ text }: { readonly text: string }, effectId: string): WirePost {
  return { body: text, post_key: effectId };
}
