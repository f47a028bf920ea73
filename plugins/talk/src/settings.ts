import * as v from "valibot";
import { expected, Handle, says } from "@botyard/sdk";

const feature = v.picklist(["webhook", "response", "reaction"]);
const features = v.pipe(v.array(feature), v.minLength(1, expected("at least one feature")));

/** As packages of distributions have it. */
export const usualOcc = "sudo -u www-data php occ";

/** Settings of a connection. */
export const settings = v.strictObject({
  occ: v.optional(
    says(
      "How occ is called on the server's machine: `docker exec -u www-data nextcloud php occ`.",
      v.pipe(v.string(), v.minLength(1), v.maxLength(500), v.regex(/^[^\n\r]*$/, expected("one line"))),
    ),
    usualOcc,
  ),
  accounts: v.optional(
    says(
      "Your names of the persons' accounts Botyard may read history with, first come first: `reader` or `reader,alice`. Each needs its app password.",
      v.pipe(
        v.string(),
        v.regex(
          /^$|^[a-z][a-z0-9-]{0,31}(?:\s*,\s*[a-z][a-z0-9-]{0,31})*$/,
          expected("names of accounts, separated by commas"),
        ),
      ),
    ),
    "",
  ),
  rotation: v.optional(
    says(
      "How a secret is replaced: `keep-identity` (uninstall, install: same author, a short gap) or `no-gap` (a second installation under a new URL: a new author, nothing missed).",
      v.picklist(["keep-identity", "no-gap"]),
    ),
    "keep-identity",
  ),
  address: v.optional(
    says(
      "The address under which the server sees this machine, for lines that lift its throttle: `10.0.0.5`.",
      v.pipe(v.string(), v.regex(/^[0-9A-Fa-f.:]{3,45}$/, expected("an IP address"))),
    ),
  ),
  backend: v.optional(
    says(
      "What the server calls itself in webhooks (`overwrite.cli.url`), where that is not the connection's URL.",
      v.pipe(v.string(), v.url()),
    ),
  ),
});
export interface Settings extends v.InferOutput<typeof settings> {}

/** Names of the setting `accounts`. */
export function accountsOf({ accounts }: Settings): readonly string[] {
  return accounts.split(",").flatMap((name) => (v.is(Handle, name.trim()) ? [name.trim()] : []));
}

/** `options` of `bots.create`. */
export const BotsCreateOptions = v.strictObject({
  features: v.optional(
    says(
      "What the server lets it do; default all: `webhook` (hear messages), `response` (speak, react), `reaction` (hear reactions).",
      features,
    ),
  ),
  noSetup: v.optional(says("Only occ may bring it into rooms, and moderators do not see it.", v.boolean())),
});

/** `options` of `bots.update`. */
export const BotsUpdateOptions = v.strictObject({ features: BotsCreateOptions.entries.features });

/** `native` of a bot: every field of `GET /bot/admin`; null where no administrator's app password is there to ask. */
export const BotNative = v.object({
  id: says("The server's number of it, as occ wants it. Another one after each installation.", v.nullable(v.number())),
  url: v.nullable(v.string()),
  url_hash: says("sha1 of the URL: it writes as `bots/bot-<url_hash>`.", v.nullable(v.string())),
  state: says(
    "`disabled`: switched off on the server, deaf and mute in every room. `no-setup`: only occ brings it into rooms.",
    v.nullable(v.picklist(["disabled", "enabled", "no-setup"])),
  ),
  features: says(
    "`event` silences the webhook of an http URL.",
    v.nullable(v.array(v.picklist(["webhook", "response", "event", "reaction"]))),
  ),
  error_count: says("Counted by the server; stays 0 after real failures.", v.nullable(v.number())),
  last_error_date: v.nullable(v.string()),
  last_error_message: v.nullable(v.string()),
  rooms: says(
    "Rooms in which Botyard has seen it: no call lists them.",
    v.array(v.object({ id: v.string(), name: v.nullable(v.string()) })),
  ),
});
export interface BotNative extends v.InferOutput<typeof BotNative> {}

/** `native` of an event. */
export const EventNative = v.object({
  type: says(
    "`Create`, `Activity`, `Like`, `Undo`, `Join`, `Leave`, or one that is new; `history` for what a backfill found.",
    v.string(),
  ),
  systemMessage: says("What happened, in Talk's words: `user_added`, `call_started`.", v.optional(v.string())),
  id: says("Id of the system message itself.", v.optional(v.string())),
  text: says("The server's sentence about it.", v.optional(v.string())),
  parameters: says(
    "Talk's rich objects by placeholder.",
    v.optional(v.record(v.string(), v.record(v.string(), v.unknown()))),
  ),
  participantType: v.optional(v.picklist(["owner", "moderator", "user", "guest", "user-by-link", "guest-moderator"])),
  author: says(
    "Of a reaction: who wrote the message. Before Talk 22.0.9 the server gives no more.",
    v.optional(v.string()),
  ),
  backend: says("What the server calls itself, where it is not the expected address.", v.optional(v.string())),
  body: says("The webhook as it came, where nothing of it is known.", v.optional(v.unknown())),
});
export interface EventNative extends v.InferOutput<typeof EventNative> {}

export const extras = {
  "bots.create": BotsCreateOptions,
  "bots.update": BotsUpdateOptions,
  Bot: BotNative,
  Event: EventNative,
} as const;
