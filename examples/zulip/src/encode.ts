import type { FileRef } from "@botyard/sdk";
import type { Form } from "./request.ts";
import type { Place } from "./places.ts";

/** Zulip reads every text as Markdown. A file is a link in the text; one that stands there already is left alone. */
export function encodeContent(text: string, files: readonly Pick<FileRef, "id" | "name">[] = []): string {
  const links = files
    .filter(({ id }) => !text.includes(`/user_uploads/${id}`))
    .map(({ id, name }) => `[${(name ?? id).replaceAll(/[[\]]/g, "")}](/user_uploads/${id})`);
  return [...(text === "" ? [] : [text]), ...links].join("\n");
}

/** Where a message goes. `self` does not name itself in a direct conversation, unless it is alone there. */
export function encodeTarget(place: Place, self: number, topic: string): Form {
  if (place.kind !== "direct")
    return { type: "stream", to: place.stream, topic: place.kind === "topic" ? place.topic : topic };
  const others = place.users.filter((id) => id !== self);
  return { type: "direct", to: others.length === 0 ? [self] : others };
}

/** The same for `POST /typing`, which names a channel otherwise. */
export function encodeTyping(place: Place, self: number, topic: string): Form {
  if (place.kind === "direct") return encodeTarget(place, self, topic);
  return { type: "stream", stream_id: place.stream, topic: place.kind === "topic" ? place.topic : topic };
}

/** What the server makes of a text before it keeps it; what we look for in history. */
export async function digestOf(content: string): Promise<string> {
  const kept = new TextEncoder().encode(content.trim());
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", kept));
  return Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
