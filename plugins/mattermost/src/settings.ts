import * as v from "valibot";
import { expected } from "@botyard/sdk";

/** Settings of a connection. */
export const settings = v.strictObject({
  /** What becomes of a text longer than the server's limit: refused, or sent as several messages. */
  longMessages: v.optional(v.picklist(["refuse", "split"]), "refuse"),
  /** Team of channels that are made without a parent; default: the bot's only team. By its name in addresses: `eng`. */
  team: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9-]{2,64}$/, expected("a team's name as in addresses: eng")))),
  /**
   * Days after which issued tokens end. Documented for servers from 11.9 and not seen running; one that ignores it is
   * reported, and its tokens never end.
   */
  tokenDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3650))),
});
export interface Settings extends v.InferOutput<typeof settings> {}

const json = v.record(v.string(), v.unknown());

/** `options` of `bots.create`. */
const BotsCreateOptions = v.strictObject({
  /** Id or username of the owner; default: the account of the admin token. */
  owner: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
});

/** `options` of `bots.convert-to-user`. */
const ConvertOptions = v.strictObject({
  email: v.optional(v.pipe(v.string(), v.email(), v.maxLength(128))),
  username: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
  firstName: v.optional(v.pipe(v.string(), v.maxLength(64))),
  lastName: v.optional(v.pipe(v.string(), v.maxLength(64))),
  /** Makes the account a system administrator. */
  systemAdmin: v.optional(v.boolean()),
});

/** A message attachment, in the server's own words: title, text, color, fields, actions. */
const Attachment = json;

/** `options` of `messages.send`. */
const MessagesSendOptions = v.strictObject({
  /**
   * Attachments in the server's own words. An action without `integration` gets an address of ours: pressing it becomes
   * the event `action.invoked`.
   */
  attachments: v.optional(v.array(Attachment)),
  /** Properties of the post. `attachments` and `botyard_effect` in it are set by us. */
  props: v.optional(json),
  /** Shown beside the message; the second needs no licence on the servers it was seen on. */
  priority: v.optional(v.picklist(["standard", "important", "urgent"])),
  /** Type of the post: `custom_` and a name. */
  type: v.optional(v.pipe(v.string(), v.regex(/^custom_[a-z0-9_]{1,19}$/, expected("custom_ and a name")))),
});

/** `native` of a bot. */
export const BotNative = v.object({
  /** Whether the owner can still look after it. `unknown`: no such user; it may be a plugin. */
  owner: v.picklist(["person", "deactivated", "self", "unknown"]),
  createdAt: v.string(),
  updatedAt: v.string(),
  /** Row of the bot and row of its account: either may be switched off. */
  botDisabled: v.boolean(),
  userDeactivated: v.boolean(),
});
export interface BotNative extends v.InferOutput<typeof BotNative> {}

/** `native` of an event. */
export const EventNative = v.object({
  /** Name of the WebSocket event: `posted`; `command`, `action`, `dialog`, `webhook` for requests to us. */
  event: v.string(),
  /** Type of the post: `custom_build`, `system_add_to_channel`. */
  type: v.optional(v.string()),
  pinned: v.optional(v.boolean()),
  /** Seen by this bot only, and kept nowhere. */
  ephemeral: v.optional(v.boolean()),
  attachments: v.optional(v.array(Attachment)),
  props: v.optional(json),
  /** Of kinds without a neutral form. */
  data: v.optional(json),
});
export interface EventNative extends v.InferOutput<typeof EventNative> {}

export const extras = {
  "bots.create": BotsCreateOptions,
  "bots.convert-to-user": ConvertOptions,
  "messages.send": MessagesSendOptions,
  Bot: BotNative,
  Event: EventNative,
} as const;

export type SendOptions = v.InferOutput<typeof MessagesSendOptions>;
export type ConvertWish = v.InferOutput<typeof ConvertOptions>;
