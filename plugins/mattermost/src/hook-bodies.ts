import type { EventDraft, EventRoom, Invocation } from "@botyard/sdk";
import { proofKey } from "./actions.ts";
import { iso } from "./decode.ts";
import type { HookKind } from "./secrets.ts";
import { inner, isFields, textOf, type Fields } from "./wire.ts";

/** What the server calls us with: bodies of commands, buttons, dialogs and outgoing webhooks. */
export interface HookContext {
  /** Handle of the bot whose address was called. */
  readonly bot: string;
  /** Of the invocation. */
  readonly id: string;
  /** Unix milliseconds: bodies carry no time. */
  readonly now: number;
  readonly room: (id: string) => EventRoom | undefined;
}

const kinds: readonly string[] = ["command", "action", "dialog", "webhook"] satisfies readonly HookKind[];

export const isHookKind = (text: string): text is HookKind => kinds.includes(text);

/** A body as the server writes it: a form or JSON. Without a type, as it was kept, it is known by how it begins. */
export function readText(
  text: string,
  type = text.startsWith("{") ? "application/json" : formType,
): Fields | undefined {
  return type.startsWith(formType) ? Object.fromEntries(new URLSearchParams(text)) : inner(text);
}

const formType = "application/x-www-form-urlencoded";

/** Name of a kept request: the body alone does not say what was called. */
export const toRawId = (kind: HookKind, id: string): string => `${kind}/${id}`;

/** Undefined where it was kept without its kind. */
export function fromRawId(text: string): { readonly kind: HookKind; readonly id: string } | undefined {
  const [kind = "", id = ""] = text.split("/");
  return isHookKind(kind) && id !== "" ? { kind, id } : undefined;
}

type Read = Omit<Invocation, "id">;

const some = (name: "text" | "trigger", value: unknown): Partial<Read> =>
  typeof value === "string" && value !== "" ? { [name]: value } : {};

const readers: Readonly<Record<HookKind, (body: Fields) => Read | null>> = {
  command: (body) => {
    const name = textOf(body["command"]);
    if (name === undefined || textOf(body["user_id"]) === undefined) return null;
    const known = new Set([
      "command",
      "text",
      "trigger_id",
      "token",
      "response_url",
      "user_id",
      "user_name",
      "channel_id",
      "channel_name",
    ]);
    const payload = Object.fromEntries(Object.entries(body).filter(([key, value]) => !known.has(key) && value !== ""));
    return { kind: "command", name, ...some("text", body["text"]), ...some("trigger", body["trigger_id"]), payload };
  },
  action: (body) => {
    if (textOf(body["user_id"]) === undefined || textOf(body["post_id"]) === undefined) return null;
    const {
      [proofKey]: _,
      botyard_action: name,
      selected_option: selected,
      ...payload
    } = isFields(body["context"]) ? body["context"] : {};
    return {
      kind: body["type"] === "select" ? "select" : "button",
      name: textOf(name) ?? "",
      ...some("text", selected),
      ...some("trigger", body["trigger_id"]),
      payload,
    };
  },
  dialog: (body) => {
    if (body["type"] !== "dialog_submission" || textOf(body["user_id"]) === undefined) return null;
    const { submission, cancelled, state } = body;
    return {
      kind: "dialog",
      name: textOf(body["callback_id"]) ?? "",
      payload: {
        submission: isFields(submission) ? submission : {},
        cancelled: cancelled === true,
        state: textOf(state) ?? "",
      },
    };
  },
  webhook: (body) => {
    const text = textOf(body["text"]);
    if (text === undefined || textOf(body["user_id"]) === undefined) return null;
    return {
      kind: "command",
      name: textOf(body["trigger_word"]) ?? "",
      text,
      payload: { message: textOf(body["post_id"]) ?? "" },
    };
  },
};

/** What a body of this kind tells; null where it is not what Mattermost sends. Asks nobody. */
export function decodeHook(kind: HookKind, body: Fields, { bot, id, now, room }: HookContext): EventDraft | null {
  const read = readers[kind](body);
  if (read === null) return null;
  const channel = textOf(body["channel_id"]) ?? "";
  const parent = textOf(body["team_id"]);
  const team = textOf(body["team_domain"]);
  const name = textOf(body["channel_name"]);
  const seen: EventRoom = {
    id: channel,
    ...(parent ? { parent } : {}),
    ...(team && name ? { handle: `${team}:${name}` } : {}),
  };
  const handle = textOf(body["user_name"]);
  const post = textOf(body["post_id"]);
  // An outgoing webhook tells of one post: two deliveries of it are one event.
  const key = kind === "webhook" && post ? { kind: "webhook", id: `${post}/${bot}` } : { kind: "invocation", id };
  return {
    key,
    type: kind === "command" || kind === "webhook" ? "command.invoked" : "action.invoked",
    time: iso(now),
    room: channel === "" ? null : (room(channel) ?? seen),
    actor: { id: textOf(body["user_id"]) ?? "", kind: "user", ...(handle === undefined ? {} : { handle }) },
    ...(post ? { message: { id: post } } : {}),
    invocation: { id, ...read },
    bots: [bot],
    native: { event: kind },
  };
}
