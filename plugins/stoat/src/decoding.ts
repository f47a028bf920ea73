import type { EventDraft } from "@botyard/sdk";
import type { Memory } from "./memory.ts";
import type { Places } from "./places.ts";
import { bounded, objectOf, textOf, type JsonObject, type WireFrame } from "./wire.ts";

/** What a frame is decoded with. */
export interface Decoding {
  readonly places: Places;
  /** Handle of the bot whose socket it came on. */
  readonly handle: string;
  /** The server's clock, ISO 8601: most frames carry no time. */
  readonly now: () => string;
  /** Messages seen lately: for whom a reply is meant. */
  readonly memory: Memory;
  /** Who types where (`<channel>/<user>`), and when that was told, Unix milliseconds. */
  readonly typing: Map<string, number>;
  /** Channels a server has listed as new, and that have not appeared yet. */
  readonly fresh: Set<string>;
  /** What has become of a channel that left our sight. */
  readonly fate: (channel: string) => Promise<"deleted" | "hidden" | "unknown">;
  /** When a bot joined a server, by the server. */
  readonly joinedAt: (server: string) => Promise<string | undefined>;
}

/** A frame that has no neutral kind, kept whole. */
export function unknown(frame: WireFrame, { places, now }: Decoding): EventDraft {
  const channel = textOf(frame["channel"]) ?? textOf(frame["channel_id"]);
  const server = textOf(frame["server"]) ?? textOf(objectOf(frame["id"])["server"]) ?? textOf(frame["id"]);
  const known =
    channel ?? (server !== undefined && (places.server(server) ?? places.channel(server)) ? server : undefined);
  return {
    type: "platform.unknown",
    key: null,
    time: now(),
    room: known === undefined ? null : places.eventRoom(known),
    actor: null,
    native: { type: frame.type, data: scrubbed(frame) },
  };
}

/** The frame without its kind, and without anything that is named like a secret. */
export function scrubbed(frame: WireFrame): JsonObject {
  const { type: _, ...rest } = frame;
  return objectOf(bounded(rest, (name) => secretName.test(name)));
}

const secretName = /token|secret|password/i;
