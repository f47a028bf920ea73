import type { EventDraft, Gap, GapOutcome } from "@botyard/sdk";
import { toActor } from "./decode.ts";
import { effectOf } from "./encode.ts";
import { historySince, readAs } from "./history.ts";
import { readers, type State } from "./state.ts";
import { kindOf } from "./system.ts";
import { richObjects, toContent } from "./text.ts";
import type { WireMessage } from "./wire.ts";

/** Most pages of one room; more than that is reported as lost. */
const mostPages = 100;
const commitSize = 100;

/**
 * Reads what a gap may hide with the accounts the operator named, in the rooms our bots are in. What a webhook would not
 * have brought stays out: messages of bots are never sent to bots.
 */
export async function backfill(state: State, gap: Gap, signal: AbortSignal): Promise<readonly GapOutcome[]> {
  const rooms = gap.rooms ?? [...state.memory.allRooms().keys()];
  if (rooms.length === 0) return [{ outcome: "filled", messages: 0 }];
  const callers = await readers(state, signal);
  if (callers.length === 0)
    return [
      {
        outcome: "lost",
        messages: 0,
        reason:
          "Talk shows a bot no history, sends nothing twice, and no person's account is named to read it (setting accounts)",
      },
    ];
  const outcomes: GapOutcome[] = [];
  for (const room of rooms) {
    if (signal.aborted) throw signal.reason;
    const found = await readAs(callers, (on) =>
      historySince(on, room, Date.parse(gap.from), mostPages, state.serverClock),
    ).catch(() => null);
    if (found === null)
      outcomes.push({ room, outcome: "lost", messages: 0, reason: "none of the accounts may read this room" });
    else if (!found.complete)
      outcomes.push({
        room,
        outcome: "lost",
        messages: 0,
        reason: `more than ${mostPages} pages were written meanwhile`,
      });
    else outcomes.push({ room, outcome: "filled", messages: await store(state, gap, room, found.messages) });
  }
  return outcomes;
}

/** In the order of the room; answers how many messages were new. */
async function store(state: State, gap: Gap, room: string, messages: readonly WireMessage[]): Promise<number> {
  const bots = state.memory.botsIn(room).filter((handle) => gap.bots === undefined || gap.bots.includes(handle));
  const name = state.memory.allRooms().get(room)?.name ?? null;
  const drafts = messages.toReversed().flatMap((message) => toDraft(message, name, gap) ?? []);
  let messagesFound = 0;
  for (let at = 0; at < drafts.length;) {
    // In order, and messages apart from what happened around them: only they are counted.
    const isMessage = drafts[at]?.type === "message.created";
    const other = drafts.findIndex((draft, index) => index >= at && (draft.type === "message.created") !== isMessage);
    const end = Math.min(other < 0 ? drafts.length : other, at + commitSize);
    const { fresh } = await state.host.commit({ via: "backfill", gap: gap.id, bots, events: drafts.slice(at, end) });
    if (isMessage) messagesFound += fresh;
    at = end;
  }
  return messagesFound;
}

/** A message of history as the event its webhook would have been; null for what no webhook brings. */
function toDraft(message: WireMessage, roomName: string | null, gap: Pick<Gap, "from" | "to">): EventDraft | null {
  const { id, token, actorType, actorId, timestamp, systemMessage, parent } = message;
  const actor = toActor(`${actorType}/${actorId}`, message.actorDisplayName);
  const time = new Date(timestamp * 1000).toISOString();
  const base = { time, room: { id: token, name: roomName }, actor, key: { kind: "message", id: String(id) } };
  if (systemMessage === "reaction") return toReaction(message, base, gap);
  // A revoked reaction stays in history under another name, beside the `reaction_revoked` that a webhook told of.
  if (systemMessage === "reaction_deleted") return null;
  if (systemMessage === "" || systemMessage === "file_shared" || systemMessage === "object_shared") {
    if (message.deleted || actorType === "bots") return null;
    const effectId = effectOf(message.referenceId);
    return {
      ...base,
      type: "message.created",
      message: { id: String(id), replyTo: parent ? String(parent.id) : null },
      content: toContent(message.message, message.messageParameters),
      ...(parent ? { repliesTo: `${parent.actorType}/${parent.actorId}` } : {}),
      ...(effectId === null ? {} : { effectId }),
      native: { type: "history", parameters: richObjects(message.messageParameters) },
    };
  }
  const edited = parent?.lastEditTimestamp ?? null;
  const about = systemMessage === "message_edited" || systemMessage === "message_deleted" ? parent : null;
  return {
    ...base,
    ...kindOf(systemMessage, actor.id, message.messageParameters),
    // History says which message it was; webhooks do not.
    ...(about
      ? { message: { id: String(about.id), editedAt: edited === null ? null : new Date(edited * 1000).toISOString() } }
      : {}),
    ...(about && systemMessage === "message_edited"
      ? { content: toContent(about.message, about.messageParameters) }
      : {}),
    native: { type: "history", systemMessage, id: String(id), parameters: richObjects(message.messageParameters) },
  };
}

/** Live reactions have no id to tell a copy by: only those strictly inside the gap, and with their true reactor. */
function toReaction(
  message: WireMessage,
  base: Pick<EventDraft, "time" | "room" | "actor" | "key">,
  { from, to }: Pick<Gap, "from" | "to">,
): EventDraft | null {
  const at = message.timestamp * 1000;
  if (message.parent === null || at < Date.parse(from) || (to !== null && at > Date.parse(to))) return null;
  return {
    ...base,
    key: { kind: "reaction", id: String(message.id) },
    type: "reaction.added",
    message: { id: String(message.parent.id) },
    reaction: { emoji: message.message },
    native: { type: "history" },
  };
}
