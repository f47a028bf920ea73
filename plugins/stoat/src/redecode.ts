import type { EventDraft, RawIntake } from "@botyard/sdk";
import type { Context } from "./context.ts";
import type { Decoding } from "./decoding.ts";
import { decodeFrame, unwrap } from "./frames.ts";
import { createMemory } from "./memory.ts";
import { createPlaces, type Places } from "./places.ts";
import { isObject, listOf, type WireFrame } from "./wire.ts";
import { isMessage } from "./wire-checks.ts";

/** What a kept frame proves by itself; what became of a room was asked of the server then, and cannot be asked again. */
const proven = new Set(["message", "member"]);

/** Kept frames by the code of today. Names are those of today too: frames carry ids. */
export async function decodeKept(
  { links }: Pick<Context, "links">,
  { bots, raw, receivedAt }: RawIntake,
): Promise<readonly EventDraft[]> {
  const [handle = ""] = bots ?? [];
  const on: Decoding = {
    places: onlyNames(links.get(handle)?.places ?? createPlaces()),
    handle,
    memory: createMemory(),
    fresh: new Set(),
    typing: new Map(),
    now: () => receivedAt,
    fate: async () => "unknown",
    joinedAt: async () => undefined,
  };
  const drafts: EventDraft[] = [];
  for (const frame of framesOf(raw).flatMap((one) => unwrap(one))) {
    if (frame.type === "Message" && isMessage(frame)) on.memory.meet(frame);
    drafts.push(...(await decodeFrame(frame, on)));
  }
  return drafts.filter(({ key }) => key !== null && proven.has(key.kind));
}

/** Old frames must not change what is known of today. */
function onlyNames(places: Places): Places {
  return { ...places, load() {}, apply() {}, meet() {} };
}

function framesOf(raw: Uint8Array): readonly WireFrame[] {
  const all: unknown = JSON.parse(new TextDecoder().decode(raw));
  return listOf(all).filter((one): one is WireFrame => isObject(one) && typeof one["type"] === "string");
}
