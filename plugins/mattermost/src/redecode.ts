import type { EventDraft, RawIntake } from "@botyard/sdk";
import type { Context } from "./context.ts";
import { isEvent, readFrame } from "./frames.ts";
import { decodeHook, fromRawId, readText } from "./hook-bodies.ts";
import { decodeFrames, saidAgainWithin, socketOf } from "./intake.ts";
import type { WireEvent } from "./wire.ts";

/** Told apart by the socket's session and the number on it, and by nothing else. */
const bySocket = new Set(["user_removed", "added_to_team", "leave_team"]);

/** A kept batch of frames, or a kept request of the server to us, by the code of today. */
export async function decodeKept(context: Context, kept: RawIntake): Promise<readonly EventDraft[]> {
  const [handle] = kept.bots ?? [];
  if (handle === undefined) return [];
  const text = new TextDecoder().decode(kept.raw);
  const now = Date.parse(kept.receivedAt);
  if (kept.via === "webhook") return hookOf(context, kept.id ?? "", handle, text, now);
  const bot = (await context.host.bots.list()).find((one) => one.handle === handle);
  const connectionId = socketOf(kept.id ?? "");
  const frames = framesOf(text);
  const told = connectionId === undefined ? frames.filter(({ event }) => !bySocket.has(event)) : frames;
  const added = { unsure: unsureOf(frames) };
  const socket = { handle, self: bot?.nativeId ?? "", connectionId: connectionId ?? "", added };
  return decodeFrames(context, told, socket, now);
}

/**
 * The server says twice that a bot was added to a team. A word alone at the begin of an intake may be the second, with the
 * first in the intake before: to take it for another fact would double it.
 */
function unsureOf(frames: readonly WireEvent[]): ReadonlySet<number> {
  const words = frames.filter(({ event }) => event === "added_to_team");
  const begin = (frames[0]?.seq ?? 0) + saidAgainWithin;
  const alone = words.filter(
    ({ seq, data }) =>
      seq < begin &&
      !words.some(
        (other) => other.data["team_id"] === data["team_id"] && other.seq > seq && other.seq - seq <= saidAgainWithin,
      ),
  );
  return new Set(alone.map(({ seq }) => seq));
}

function framesOf(text: string): readonly WireEvent[] {
  return (JSON.parse(text) as readonly unknown[]).flatMap((one) => {
    const frame = readFrame(JSON.stringify(one));
    return frame !== null && isEvent(frame) ? [frame] : [];
  });
}

function hookOf(
  { directory }: Pick<Context, "directory">,
  rawId: string,
  bot: string,
  text: string,
  now: number,
): EventDraft[] {
  const called = fromRawId(rawId);
  const body = called && readText(text);
  if (called === undefined || body === undefined) return [];
  const event = decodeHook(called.kind, body, { bot, id: called.id, now, room: directory.room });
  return event === null ? [] : [event];
}
