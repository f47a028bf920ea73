import {
  EventActor,
  type Intake,
  PlatformEventType,
  type Report,
  StateName,
  StepDraft,
  type Subject,
} from "@botyard/sdk";
import * as v from "valibot";
import { parseInput } from "../invoke/validate.ts";
import type { Caller } from "../limits/caller.ts";

// What the process of a plugin says is looked at before it reaches the log and the states: in the same process the
// compiler does it. Loose objects: members a later version adds are let through.

const text = v.string();
const maybe = v.optional(v.nullable(text));
const names = v.optional(v.array(text));
const bytesOrText = v.union([text, v.instance(Uint8Array)]);

const EventDraft = v.looseObject({
  key: v.nullable(v.looseObject({ kind: text, id: text, revision: v.optional(text) })),
  type: PlatformEventType,
  time: text,
  room: v.nullable(v.looseObject({ id: text, handle: v.optional(text), name: maybe, parent: v.optional(text) })),
  actor: v.nullable(v.looseObject({ id: text, kind: EventActor.entries.kind, name: maybe })),
  message: v.optional(v.looseObject({ id: text, thread: maybe, replyTo: maybe, editedAt: maybe })),
  content: v.optional(
    v.looseObject({
      text,
      mentions: v.array(v.looseObject({ kind: text, offset: v.number(), length: v.number() })),
      files: v.array(v.looseObject({ id: text })),
    }),
  ),
  reaction: v.optional(v.looseObject({ emoji: text })),
  member: v.optional(v.looseObject({ user: text, name: v.nullable(text), membership: text })),
  bots: names,
  repliesTo: v.optional(text),
  effectId: v.optional(text),
  native: v.optional(v.record(text, v.unknown())),
});

const IntakeShape = v.looseObject({
  via: v.picklist(["transaction", "webhook", "frame", "poll", "backfill"]),
  id: v.optional(text),
  bots: names,
  raw: v.optional(bytesOrText),
  events: v.array(EventDraft),
  gap: v.optional(text),
});

/** Throws `invalid` to the plugin; nothing is committed. */
export function checkIntake(intake: unknown): Intake {
  return parseInput(IntakeShape, intake, "host.commit") as unknown as Intake;
}

const SubjectShape = v.variant("kind", [
  v.object({ kind: v.literal("connection") }),
  v.object({ kind: v.literal("bot"), bot: text }),
  v.object({ kind: v.literal("credential"), credential: text }),
]);

const ReportShape = v.looseObject({
  state: v.picklist(StateName.options.filter((name) => name !== "connecting" && name !== "closed")),
  reason: v.optional(text),
  remedy: v.optional(text),
  nativeId: v.optional(text),
});

export function checkReport(subject: unknown, report: unknown): [Subject, Report] {
  return [
    parseInput(SubjectShape, subject, "host.report") as unknown as Subject,
    parseInput(ReportShape, report, "host.report") as unknown as Report,
  ];
}

export function checkDraft(step: unknown): StepDraft {
  return parseInput(StepDraft, step, "host.step") as unknown as StepDraft;
}

/** On whose behalf a request goes; null where that is not said well. */
export function callerFrom(said: unknown): Caller | null {
  if (typeof said !== "object" || said === null) return null;
  const { as, deadline } = said as Partial<Record<"as" | "deadline", unknown>>;
  return {
    as: typeof as === "string" ? as : null,
    deadline: typeof deadline === "number" && !Number.isNaN(deadline) ? deadline : null,
  };
}
