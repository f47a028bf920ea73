import { defineCapabilities } from "@botyard/sdk";
import * as native from "./native.ts";

const byAdmin = { support: "native", actsAs: "admin" } as const;
const byBot = { support: "native", actsAs: "bot" } as const;

const icon = {
  support: "degraded",
  actsAs: "admin",
  reason: "scaled",
  detail: "Zulip keeps a square picture of its own, scaled from the one that was given.",
} as const;

const none = (detail: string, remedy?: string) =>
  ({ support: "none", reason: "no-such-call", detail, ...(remedy === undefined ? {} : { remedy }) }) as const;

/** The best a Zulip can do; the probe puts the server's own limits in. Each entry but `none` needs a handler. */
export const capabilities = defineCapabilities(native, {
  "bots.list": byAdmin,
  "bots.get": byAdmin,
  "bots.create": {
    ...byAdmin,
    params: ["username", "displayName"],
    limits: { displayName: { max: 100, unit: "codepoints" } },
  },
  "bots.update": {
    ...byAdmin,
    params: ["displayName"],
    limits: { displayName: { max: 100, unit: "codepoints" } },
  },
  "bots.enable": byAdmin,
  "bots.disable": byAdmin,
  "bots.delete": none("Zulip deletes no accounts, it deactivates them.", "botyard bots disable"),
  "bots.assign": byAdmin,
  "bots.convert-to-user": none("Zulip makes no user of a bot."),
  "users.convert-to-bot": none("Zulip makes no bot of a user."),
  "bots.set-icon": icon,
  "bots.get-icon": icon,
  "bots.delete-icon": none("Only a bot itself may take its picture away, by a call that is not documented."),
  "credentials.issue": { ...byAdmin, idempotency: { kind: "none" } },
  "credentials.rotate": { ...byAdmin, idempotency: { kind: "none" } },
  "credentials.revoke": {
    support: "emulated",
    actsAs: "admin",
    reason: "always-a-key",
    detail: "A bot of Zulip always has a key: it gets a new one that nobody keeps.",
    idempotency: { kind: "natural" },
  },
  "rooms.list": byAdmin,
  "rooms.get": byAdmin,
  "rooms.create": {
    ...byAdmin,
    params: ["topic", "public", "invite"],
    limits: { name: { max: 60, unit: "codepoints" } },
  },
  "rooms.update": { ...byAdmin, params: ["name", "topic"] },
  "rooms.open-direct": {
    support: "emulated",
    actsAs: "bot",
    reason: "no-such-call",
    detail: "A direct conversation is there as soon as somebody writes to it; nothing is made on the server.",
  },
  "rooms.list-bots": byAdmin,
  "rooms.add-bot": byAdmin,
  "rooms.remove-bot": byAdmin,
  "members.list": byAdmin,
  "members.invite": byAdmin,
  "members.kick": { ...byAdmin, params: [] },
  "members.ban": none("Zulip bans nobody from a channel.", "botyard members kick, or make the channel private"),
  "messages.send": {
    ...byBot,
    params: ["format", "plain", "mentions", "files", "options"],
    limits: { text: { max: 10_000, unit: "codepoints" } },
    idempotency: { kind: "none" },
  },
  "messages.get": byBot,
  "messages.list": byBot,
  "messages.update": {
    ...byBot,
    params: ["format", "plain", "mentions"],
    limits: { text: { max: 10_000, unit: "codepoints" } },
  },
  "messages.delete": byBot,
  "messages.mark-read": byBot,
  "messages.pin": none("Zulip pins no messages; a star is seen by its owner only."),
  "reactions.add": byBot,
  "reactions.remove": byBot,
  "reactions.list": byBot,
  "files.upload": byBot,
  "files.download": byBot,
  "typing.set": { ...byBot, params: ["typing"] },
  "presence.get": byAdmin,
  "presence.set": none("Zulip takes presence from people only."),
  "users.list": byAdmin,
  "users.get": byAdmin,
  "zulip.list-topics": byAdmin,
});
export type Capabilities = typeof capabilities;
