import { defineCapabilities } from "@botyard/sdk";
import * as native from "./native.ts";

const asAdmin = { support: "native", actsAs: "admin" } as const;
const asBot = { support: "native", actsAs: "bot" } as const;

const byOcc = {
  support: "operator",
  actsAs: "admin",
  reason: "only-occ",
  detail: "Talk's HTTP interface installs and removes no bots: a person runs one occ line on the server.",
} as const;

const byAccount = {
  support: "emulated",
  actsAs: "account",
  reason: "no-bot-call",
  detail: "Talk gives bots no such call: a person's account does it, and people see that person.",
  remedy: "name the account: --as account:<name>",
} as const;

const byHistory = {
  support: "emulated",
  actsAs: "account",
  reason: "no-bot-call",
  detail: "Talk shows a bot nothing of this: it is read with a person's account, for a bot only in rooms it is in.",
} as const;

const none = (reason: string, detail: string, remedy?: string) =>
  ({ support: "none", reason, detail, ...(remedy === undefined ? {} : { remedy }) }) as const;

const text = { max: 32_000, unit: "codepoints" } as const;

/** The best a Nextcloud with Talk can do. The probe narrows it to version, credentials and accounts. */
export const capabilities = defineCapabilities(native, {
  "bots.list": asAdmin,
  "bots.get": asAdmin,
  "bots.create": {
    ...byOcc,
    params: ["displayName", "description"],
    limits: { displayName: { max: 64, unit: "bytes" }, description: { max: 4000, unit: "bytes" } },
  },
  "bots.update": {
    ...byOcc,
    detail:
      "Talk renames no bot: name and description need a new installation, features one occ line; rooms are set up again.",
    params: ["displayName", "description"],
    limits: { displayName: { max: 64, unit: "bytes" }, description: { max: 4000, unit: "bytes" } },
  },
  "bots.enable": {
    support: "emulated",
    by: "core",
    actsAs: "admin",
    reason: "only-occ",
    detail: "Botyard acts and delivers again; on the server nothing changes.",
  },
  "bots.disable": {
    support: "emulated",
    by: "core",
    actsAs: "admin",
    reason: "only-occ",
    detail: "Botyard neither acts nor delivers for it; to switch it off on the server: botyard talk set-state.",
  },
  "bots.delete": byOcc,
  "bots.get-icon": none("fixed-avatar", "All bots of Talk have the same picture, which no call gives."),
  "bots.set-icon": none("fixed-avatar", "All bots of Talk have the same picture, which nobody can change."),
  "bots.delete-icon": none("fixed-avatar", "All bots of Talk have the same picture, which nobody can change."),
  "bots.assign": none("no-owner", "A bot of Talk belongs to the server and to nobody else."),
  "bots.convert-to-user": none("no-such-call", "A bot of Talk is no user account and cannot become one."),
  "users.convert-to-bot": none("no-such-call", "A user account of Nextcloud cannot become a bot."),

  "credentials.issue": none(
    "secret-comes-with-installation",
    "A bot's secret is set when it is installed and can be replaced, not added to.",
    "botyard credentials rotate <bot>",
  ),
  "credentials.rotate": {
    ...byOcc,
    detail: "Talk changes no secret in place: the bot is installed again by occ, and its rooms are set up again.",
  },
  "credentials.revoke": { ...byOcc, detail: "The server refuses a secret only after its bot is uninstalled by occ." },
  "credentials.disable": none("only-occ", "Talk switches bots, not secrets.", "botyard talk set-state <bot> disabled"),
  "credentials.enable": none("only-occ", "Talk switches bots, not secrets.", "botyard talk set-state <bot> enabled"),

  "rooms.list": {
    support: "emulated",
    actsAs: "account",
    reason: "no-bot-call",
    detail: "Talk tells a bot no rooms: shown are those in which Botyard has seen it; an account lists its own.",
  },
  "rooms.get": {
    support: "emulated",
    actsAs: "account",
    reason: "no-bot-call",
    detail: "Talk tells a bot no rooms: shown is what webhooks and a person's account say of it.",
  },
  "rooms.create": { ...byAccount, params: ["kind", "topic", "public", "invite"] },
  "rooms.update": { ...byAccount, params: ["name", "topic"] },
  "rooms.open-direct": byAccount,
  "rooms.list-bots": asAdmin,
  "rooms.add-bot": asAdmin,
  "rooms.remove-bot": asAdmin,

  "members.list": byHistory,
  "members.invite": byAccount,
  "members.kick": { ...byAccount, params: [] },
  "members.ban": none("not-offered", "Botyard does not offer Talk's bans."),
  "members.unban": none("not-offered", "Botyard does not offer Talk's bans."),

  "messages.send": {
    support: "degraded",
    actsAs: "bot",
    reason: "no-message-id",
    detail:
      "Talk answers a bot without the message's id: it is found through a person's account, and stays unknown without one.",
    params: ["format", "plain", "mentions", "files", "replyTo", "silent"],
    limits: { text },
    idempotency: { kind: "none" },
  },
  "messages.update": { ...byAccount, params: ["format", "plain", "mentions"], limits: { text } },
  "messages.delete": byAccount,
  "messages.get": byHistory,
  "messages.list": byHistory,
  "messages.mark-read": byAccount,
  "messages.pin": none("not-offered", "Talk 21 has no pinned messages."),
  "messages.unpin": none("not-offered", "Talk 21 has no pinned messages."),
  "messages.list-pins": none("not-offered", "Talk 21 has no pinned messages."),

  "reactions.add": asBot,
  "reactions.remove": asBot,
  "reactions.list": byHistory,

  "typing.set": none("no-bot-call", "A bot of Talk cannot show that it is typing."),
  "presence.set": none("no-bot-call", "A bot of Talk has no presence."),
  "presence.get": none("no-bot-call", "A bot of Talk has no presence."),
  "files.upload": {
    ...byAccount,
    detail: "A bot of Talk cannot hold files: the file goes into a person's files and is shared from there.",
    params: [],
  },
  "files.download": none("no-bot-call", "A bot of Talk cannot read files.", "the event's native.parameters.file.link"),
  "users.list": none("no-bot-call", "Talk shows a bot no people."),
  "users.get": none("no-bot-call", "Talk shows a bot no people."),

  "talk.features": asAdmin,
  "talk.ask-features": asBot,
  "talk.occ-line": asAdmin,
  "talk.set-state": byOcc,
  "talk.rotate": byOcc,
  "talk.check-signature": asBot,
  "talk.throttle": asAdmin,
  "talk.resume": asAdmin,
  "talk.set-moderator": byAccount,
  "talk.request": { ...asBot, idempotency: { kind: "none" } },
});

export type Capabilities = typeof capabilities;

/** What needs a person's account: the probe takes it away where none is named. */
export const accountOperations = [
  "rooms.create",
  "rooms.update",
  "rooms.open-direct",
  "members.list",
  "members.invite",
  "members.kick",
  "messages.update",
  "messages.delete",
  "messages.get",
  "messages.list",
  "messages.mark-read",
  "reactions.list",
  "files.upload",
  "talk.set-moderator",
] as const;
