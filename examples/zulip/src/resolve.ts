import type { Acting } from "@botyard/sdk";
import { fromRoomId, toRoomId } from "./places.ts";
import { admin, type State } from "./state.ts";

/**
 * `general`, `general>deploys today`, `user:9`; an id comes back as it is. A topic need not be there: it is as soon as
 * somebody writes to it.
 */
export async function resolveRoom(state: State, ref: string, as: Acting | null): Promise<string | null> {
  if (fromRoomId(ref)) return ref;
  if (ref.startsWith("user:")) {
    const other = Number(ref.slice(5));
    const self = as?.kind === "bot" ? Number(as.id) : Number.NaN;
    if (!Number.isSafeInteger(other) || !Number.isSafeInteger(self) || !(await state.directory.user(other)))
      return null;
    return toRoomId({ kind: "direct", users: [...new Set([self, other])] });
  }
  const streams = await state.api.streams(await admin(state));
  const whole = streams.find(({ name }) => name === ref);
  if (whole) return toRoomId({ kind: "channel", stream: whole.stream_id });
  // A channel's name may hold the sign too: the longest that fits.
  const fitting = streams.filter(({ name }) => ref.startsWith(`${name}>`));
  const parent = fitting.toSorted((a, b) => b.name.length - a.name.length)[0];
  if (!parent) return null;
  return toRoomId({ kind: "topic", stream: parent.stream_id, topic: ref.slice(parent.name.length + 1) });
}
