import { type JsonObject, objectOf, type WireEvent } from "./wire.ts";

const prefix = "by-";

/** The transaction id of an effect: unique over all users of the registration and over restarts, as `effectId` is. */
export const txnIdOf = (effectId: string): string => `${prefix}${effectId}`;

/**
 * Key of an event's content that holds the effect's id. Synapse forgets the transaction ids of application services when
 * it restarts, and then neither answers a repeat with the first event nor shows the id in its history: only what stands in
 * the event itself is still there.
 */
const effectKey = "dev.botyard.effect";

export const markEffect = (content: JsonObject, effectId: string): JsonObject => ({
  ...content,
  [effectKey]: effectId,
});

/** The effect an event of ours came from; undefined for events of others. */
export function effectIdOf(event: Pick<WireEvent, "content" | "unsigned">): string | undefined {
  const marked = event.content[effectKey];
  if (typeof marked === "string") return marked;
  const txnId = objectOf(event.unsigned)["transaction_id"];
  return typeof txnId === "string" && txnId.startsWith(prefix) ? txnId.slice(prefix.length) : undefined;
}
