import * as v from "valibot";
import { expected, NativeId, says } from "@botyard/sdk";

const url = (max: number): v.GenericSchema<string, string> =>
  v.pipe(
    v.string(),
    v.minLength(1, expected(`1 to ${max} characters`)),
    v.maxLength(max, expected(`1 to ${max} characters`)),
  );

/** Scopes the OAuth2 branch knows. */
const OAuth2Scope = v.picklist(["read:identify", "read:servers", "write:files", "events", "full"]);

const scopes = v.record(OAuth2Scope, v.strictObject({ allow: v.string(), deny: v.string() }));

/** OAuth2 settings as they are given: what is absent stays. */
export const OAuth2Edit = v.strictObject({
  public: v.optional(says("A public client has no secret.", v.boolean())),
  redirectUris: v.optional(
    says(
      "Where a login may end, 1 to 10.",
      v.pipe(
        v.array(url(2048)),
        v.minLength(1, expected("1 to 10 addresses")),
        v.maxLength(10, expected("1 to 10 addresses")),
      ),
    ),
  ),
  allowedScopes: v.optional(
    says("By scope: what it allows and what not, in words for people; replaced as a whole.", scopes),
  ),
});
export interface OAuth2Edit extends v.InferOutput<typeof OAuth2Edit> {}

const pronouns = v.pipe(v.string(), v.minLength(1), v.maxLength(32));

/** `options` of `bots.create`. */
export const BotsCreateOptions = v.strictObject({
  public: v.optional(says("Anybody may invite it; default false.", v.boolean())),
  analytics: v.optional(v.boolean()),
  interactionsUrl: v.optional(says("Kept by the server and without effect so far.", url(2048))),
  pronouns: v.optional(pronouns),
  oauth2: v.optional(OAuth2Edit),
});
export interface BotsCreateOptions extends v.InferOutput<typeof BotsCreateOptions> {}

/** `options` of `bots.update`; `null` clears. A new token: `credentials rotate`. */
export const BotsUpdateOptions = v.strictObject({
  public: v.optional(v.boolean()),
  analytics: v.optional(v.boolean()),
  interactionsUrl: v.optional(v.nullable(url(2048))),
  pronouns: v.optional(v.nullable(pronouns)),
  oauth2: v.optional(says("`{}` switches OAuth2 on, `null` off.", v.nullable(OAuth2Edit))),
  resetOauth2ClientSecret: v.optional(
    says("Makes a new client secret; read it by `stoat oauth2-secret`.", v.boolean()),
  ),
});
export interface BotsUpdateOptions extends v.InferOutput<typeof BotsUpdateOptions> {}

const Embed = v.strictObject({
  title: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(100))),
  description: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(2000))),
  url: v.optional(url(256)),
  iconUrl: v.optional(url(256)),
  colour: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(128))),
  media: v.optional(says("An uploaded file.", NativeId)),
});

/** `options` of `messages.send`. */
export const MessagesSendOptions = v.strictObject({
  embeds: v.optional(v.array(Embed)),
  masquerade: v.optional(
    says(
      "Another name and picture for this message; needs the permission Masquerade, a colour ManageRole.",
      v.strictObject({
        name: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(32))),
        avatar: v.optional(url(256)),
        colour: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(128))),
      }),
    ),
  ),
  interactions: v.optional(
    says(
      "Reactions that are offered; `restrict` allows no others.",
      v.pipe(
        v.strictObject({
          reactions: v.optional(v.array(v.pipe(v.string(), v.maxLength(64)))),
          restrict: v.optional(v.boolean()),
        }),
        v.check(
          ({ reactions = [], restrict = false }) => !restrict || reactions.length > 0,
          expected("reactions, where they are restricted"),
        ),
      ),
    ),
  ),
  replies: v.optional(
    says(
      "Further messages it answers, and whether their authors are told.",
      v.array(v.strictObject({ message: NativeId, mention: v.optional(v.boolean()) })),
    ),
  ),
  mention: v.optional(says("Whether the author of `replyTo` is told; default false.", v.boolean())),
  flags: v.optional(
    says(
      "Sent as it is; what the bits mean differs between versions.",
      v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(7)),
    ),
  ),
});
export interface MessagesSendOptions extends v.InferOutput<typeof MessagesSendOptions> {}

const OAuth2 = v.object({
  public: v.boolean(),
  redirectUris: v.array(v.string()),
  allowedScopes: v.record(v.string(), v.object({ allow: v.string(), deny: v.string() })),
});

/** `native` of a bot. Tokens and secrets are never part of it. */
export const BotNative = v.object({
  discriminator: v.nullable(v.string()),
  public: v.boolean(),
  analytics: v.boolean(),
  discoverable: v.boolean(),
  interactionsUrl: v.nullable(v.string()),
  termsOfServiceUrl: v.nullable(v.string()),
  privacyPolicyUrl: v.nullable(v.string()),
  flags: v.object({ raw: v.number(), verified: v.boolean(), official: v.boolean() }),
  /** Null: switched off, or not known to this instance. */
  oauth2: v.nullable(OAuth2),
  /** Permissions as decimal text; null where the instance does not keep them. */
  defaultPermissions: v.nullable(v.string()),
  /** Id of the file, of tag `avatars`. */
  avatar: v.nullable(v.string()),
  pronouns: v.nullable(v.string()),
  statusText: v.nullable(v.string()),
});
export interface BotNative extends v.InferOutput<typeof BotNative> {}

/** `native` of an event. */
export const EventNative = v.object({
  /** Kind of the frame: `Message`, `ChannelCreate`; `malformed` for what was none. */
  type: v.string(),
  /**
   * `visible`, `hidden`: the bot gained or lost the sight of a channel that goes on existing. `history`: no frame told of
   * it, the history shows it; the event's time is when that was read.
   */
  meaning: v.optional(v.string()),
  /** Of `typing`: began or ended. Who ends without a word is not told of. */
  typing: v.optional(v.boolean()),
  /** Of `presence`: came or left. */
  online: v.optional(v.boolean()),
  /** `Online`, `Idle`, `Focus`, `Busy`, `Invisible`; null: none chosen any more. */
  presence: v.optional(v.nullable(v.string())),
  status: v.optional(v.nullable(v.string())),
  nonce: v.optional(v.string()),
  embeds: v.optional(v.array(v.record(v.string(), v.unknown()))),
  masquerade: v.optional(v.record(v.string(), v.unknown())),
  system: v.optional(v.record(v.string(), v.unknown())),
  flags: v.optional(v.number()),
  replies: v.optional(v.array(v.string())),
  /** Fields of a frame that has no neutral kind; values named like secrets are left out. */
  data: v.optional(v.record(v.string(), v.unknown())),
});
export interface EventNative extends v.InferOutput<typeof EventNative> {}

export const extras = {
  "bots.create": BotsCreateOptions,
  "bots.update": BotsUpdateOptions,
  "messages.send": MessagesSendOptions,
  Bot: BotNative,
  Event: EventNative,
} as const;
