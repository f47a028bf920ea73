import type { EventDraft } from "@botyard/sdk";
import type { Decoding } from "./decoding.ts";
import { actorOf } from "./decode.ts";
import { listOf, objectOf, textOf, type WireFrame } from "./wire.ts";

/** Who types says so again every few seconds; after so long without a word it is news again. */
const typingLastsMs = 10_000;
const mostTyping = 2_000;

/** Who began to type, or ended: told once, however often the server says it. Not of the bot itself. */
export function typing(frame: WireFrame, on: Decoding): readonly EventDraft[] {
  const user = textOf(frame["user"]) ?? "";
  const channel = textOf(frame["id"]) ?? "";
  if (user === on.places.self?._id) return [];
  const key = `${channel}/${user}`;
  const begins = frame.type === "ChannelStartTyping";
  const time = on.now();
  const at = Date.parse(time);
  const before = on.typing.get(key);
  if (begins) {
    if (on.typing.size >= mostTyping) on.typing.clear();
    on.typing.set(key, at);
    if (before !== undefined && at - before < typingLastsMs) return [];
  } else if (!on.typing.delete(key)) return [];
  return [
    {
      type: "typing",
      key: null,
      time,
      room: on.places.eventRoom(channel),
      actor: actorOf(user, on.places.user(user)),
      native: { type: frame.type, typing: begins },
    },
  ];
}

/** Who came, left, or shows another state or text. Other changes of a user are state, and not of the bot itself. */
export function presence(frame: WireFrame, { places, now }: Decoding): readonly EventDraft[] {
  const user = textOf(frame["id"]) ?? "";
  const { online, status } = objectOf(frame["data"]);
  const cleared = listOf(frame["clear"]);
  const { presence: shown, text } = objectOf(status);
  const gone = (name: string, value: string | undefined): string | null | undefined =>
    value ?? (cleared.includes(name) ? null : undefined);
  const state = gone("StatusPresence", textOf(shown));
  const words = gone("StatusText", textOf(text));
  const native = {
    type: frame.type,
    ...(typeof online === "boolean" ? { online } : {}),
    ...(state === undefined ? {} : { presence: state }),
    ...(words === undefined ? {} : { status: words }),
  };
  if (user === places.self?._id || Object.keys(native).length === 1) return [];
  return [{ type: "presence", key: null, time: now(), room: null, actor: actorOf(user, places.user(user)), native }];
}
