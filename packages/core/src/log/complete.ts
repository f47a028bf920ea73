import type { EventDraft, Intake, Mention } from "@botyard/sdk";
import type { EventBody, PendingEvent } from "../store/types.ts";
import type { Membership } from "./membership.ts";
import type { Primary } from "./primary.ts";

/** What the log asks about managed bots. */
export interface Directory {
  /** Handle of the managed bot with this native id. */
  readonly botByNativeId: (connection: string, nativeId: string) => string | null;
  /** Whether the bot is managed and enabled: a disabled one gets nothing, whatever its server still sends. */
  readonly receives: (connection: string, handle: string) => boolean;
}

/** One intake on its way into the log. */
export interface Completing {
  readonly connection: { readonly id: string; readonly platform: string };
  readonly intake: Intake;
  readonly directory: Directory;
  readonly membership: Membership;
  readonly primary: Primary;
  /** Names this commit. */
  readonly commit: object;
  /** When it was taken, ISO 8601: for drafts that carry no readable time. */
  readonly now: string;
  readonly newId: () => string;
  /** It tells of what happened long ago: who is where stays as it is known. */
  readonly past: boolean;
  /** Whether a send of ours carried this id. */
  readonly isOurs: (effectId: string) => boolean;
}

export interface Completed {
  readonly event: PendingEvent;
  readonly effectId: string | null;
}

const nobody: readonly string[] = [];

type Growing<T> = { -readonly [Name in keyof T]: T[Name] };

/**
 * Turns drafts into events: native ids become handles, and what only the core knows is filled in. In order, because a
 * bot that joins sees what follows. Copies of keyless events that are not the primary observer's are left out.
 */
export function completeIntake(parts: Completing): readonly Completed[] {
  const { connection, directory, intake } = parts;
  const receives = (handle: string): boolean => directory.receives(connection.id, handle);
  const completed: Completed[] = [];
  for (const draft of intake.events) {
    const one = completeDraft(parts, draft, receives);
    if (one) completed.push(one);
  }
  return completed;
}

function completeDraft(parts: Completing, draft: EventDraft, receives: (handle: string) => boolean): Completed | null {
  const { connection, intake, directory, membership, primary } = parts;
  const botOf = (id: string | undefined): string | null =>
    id === undefined ? null : directory.botByNativeId(connection.id, id);
  const place = `${connection.id}/${draft.room?.id ?? ""}`;
  if (draft.key === null) {
    const members = draft.room ? membership.of(connection.id, draft.room.id) : [];
    const able = (handle: string): boolean => receives(handle) && (members.length === 0 || members.includes(handle));
    if (!primary.counts(place, intake.bots ?? null, able)) return null;
  }

  const subject = botOf(draft.member?.user);
  const change = subject === null || parts.past ? null : membership.change(connection.id, draft, subject, parts.commit);
  const actorBot = botOf(draft.actor?.id);
  const bots = seenBy(parts, draft, subject, place).filter(receives);
  const mentioned = draft.content?.mentions ?? [];
  const mentions = mentioned.length === 0 ? [] : mentioned.map((mention) => toMention(mention, botOf(mention.id)));
  const candidates = addressedBy(draft, mentions, botOf(draft.repliesTo), bots);
  const addressed =
    candidates.length === 0 ? candidates : candidates.filter((handle) => handle !== actorBot && receives(handle));

  // Grown and not spread together: each `...` that adds nothing costs as much as a field.
  const body: Growing<EventBody> = {
    id: parts.newId(),
    type: draft.type,
    time: Number.isNaN(Date.parse(draft.time)) ? parts.now : draft.time,
    connection: connection.id,
    platform: connection.platform,
    addressed: addressed.length > 1 ? [...new Set(addressed)] : [...addressed],
    own: actorBot !== null || (draft.effectId !== undefined && parts.isOurs(draft.effectId)),
    backfilled: intake.via === "backfill" || intake.gap !== undefined,
    room: draft.room,
    actor: draft.actor && { ...draft.actor, bot: actorBot },
  };
  if (draft.message) body.message = { thread: null, replyTo: null, editedAt: null, ...draft.message };
  if (draft.content) body.content = { ...draft.content, mentions };
  if (draft.reaction) body.reaction = draft.reaction;
  if (draft.invocation) body.invocation = { ...draft.invocation };
  if (draft.member) body.member = { ...draft.member, bot: subject };
  if (draft.native) body.native = { ...draft.native };
  const event: Growing<PendingEvent> = { key: keyOf(connection.id, draft), body, bots };
  if (change) event.records = [change];
  return { event, effectId: draft.effectId ?? null };
}

/** What the platform says, else whom the intake was for, else who is in the room; a bot sees what happens to itself. */
function seenBy(parts: Completing, draft: EventDraft, subject: string | null, place: string): readonly string[] {
  const { connection, intake, membership, primary } = parts;
  const members = (): readonly string[] => (draft.room ? membership.of(connection.id, draft.room.id) : []);
  if (draft.bots) return draft.bots;
  if (!intake.bots) return subject === null ? members() : [...members(), subject];
  // The others' copies are left out, so the primary's carries them.
  return draft.key === null ? [...intake.bots, ...primary.observersOf(place), ...members()] : intake.bots;
}

function addressedBy(
  draft: EventDraft,
  mentions: readonly Mention[],
  repliedTo: string | null,
  bots: readonly string[],
): readonly string[] {
  if (draft.type !== "message.created" && draft.type !== "message.updated") return nobody;
  if (mentions.length === 0 && repliedTo === null && draft.room?.kind !== "direct") return nobody;
  const mentioned = mentions.flatMap((mention) => mention.bot ?? []);
  return [...mentioned, ...(repliedTo === null ? [] : [repliedTo]), ...(draft.room?.kind === "direct" ? bots : [])];
}

function toMention(mention: Omit<Mention, "bot">, bot: string | null): Mention {
  return bot === null ? mention : { ...mention, kind: "bot", bot };
}

/** Unambiguous whatever the ids contain. */
function keyOf(connection: string, draft: EventDraft): string | null {
  const { key } = draft;
  return key && JSON.stringify([connection, key.kind, key.id, ...(key.revision === undefined ? [] : [key.revision])]);
}
