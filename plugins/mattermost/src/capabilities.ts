import { defineCapabilities } from "@botyard/sdk";
import * as native from "./native.ts";

const byAdmin = { support: "native", actsAs: "admin" } as const;
const byBot = { support: "native", actsAs: "bot" } as const;
const unsafe = { kind: "none" } as const;

/** The server's own rule, in runes; a server may be set lower, which the probe finds out. */
export const defaultMaxRunes = 16_383;
/** Parts a long text is split into at most. */
export const mostParts = 10;

/** The same pending_post_id gives the first post again. Kept for all users of the server together. */
const replayWindowMs = 30_000;
const replay = { kind: "replay", windowMs: replayWindowMs } as const;

const names = { displayName: { max: 64, unit: "codepoints" }, description: { max: 1024, unit: "codepoints" } } as const;

/** Of a channel's name and header. */
const placeNames = { name: { max: 64, unit: "codepoints" }, topic: { max: 1024, unit: "codepoints" } } as const;

export const pictureInstead = {
  support: "emulated",
  actsAs: "admin",
  reason: "icons-removed",
  detail:
    "Mattermost removed bot icons in 6.0: the account's profile image is used instead, cropped to 128 by 128 pixels.",
} as const;

const noBan = {
  support: "none",
  reason: "no-such-call",
  detail: "Mattermost has no bans.",
  remedy: "botyard members kick, or deactivate the account",
} as const;

/** The best a server can do; the probe narrows it. */
export const capabilities = defineCapabilities(native, {
  "bots.list": byAdmin,
  "bots.get": byAdmin,
  "bots.create": { support: "native", actsAs: "admin", limits: names, idempotency: unsafe },
  "bots.update": { support: "native", actsAs: "admin", limits: names },
  "bots.enable": byAdmin,
  "bots.disable": byAdmin,
  "bots.assign": byAdmin,
  "bots.convert-to-user": byAdmin,
  "bots.delete": {
    support: "none",
    reason: "no-such-call",
    detail: "Mattermost has no deletion of bots.",
    remedy: "botyard bots disable <bot>, or stop managing it: botyard bots release <bot>",
  },
  "bots.get-icon": byAdmin,
  "bots.set-icon": byAdmin,
  "bots.delete-icon": byAdmin,
  "users.list": byAdmin,
  "users.get": byAdmin,
  "users.convert-to-bot": byAdmin,
  "credentials.issue": { support: "native", actsAs: "admin", idempotency: unsafe },
  "credentials.rotate": { support: "native", actsAs: "admin", idempotency: unsafe },
  "credentials.revoke": byAdmin,
  "credentials.disable": byAdmin,
  "credentials.enable": byAdmin,
  "rooms.list": byAdmin,
  "rooms.get": byAdmin,
  "rooms.create": { support: "native", actsAs: "bot", limits: placeNames, idempotency: unsafe },
  "rooms.update": { support: "native", actsAs: "bot", limits: placeNames },
  "rooms.open-direct": byBot,
  "rooms.list-bots": byAdmin,
  "rooms.add-bot": byAdmin,
  "rooms.remove-bot": byAdmin,
  "members.list": byAdmin,
  "members.invite": byAdmin,
  "members.kick": { support: "native", actsAs: "admin", params: [] },
  "members.ban": noBan,
  "members.unban": noBan,
  "messages.send": {
    support: "native",
    actsAs: "bot",
    params: ["format", "plain", "mentions", "files", "thread", "replyTo", "options"],
    limits: {
      text: { max: defaultMaxRunes * mostParts, unit: "codepoints" },
      files: { max: 10, unit: "items" },
    },
    idempotency: replay,
  },
  "messages.update": {
    support: "native",
    actsAs: "bot",
    limits: { text: { max: defaultMaxRunes, unit: "codepoints" } },
  },
  "messages.delete": byBot,
  "messages.get": byBot,
  "messages.list": byBot,
  "messages.mark-read": {
    support: "degraded",
    actsAs: "bot",
    reason: "whole-room",
    detail: "Mattermost marks a whole channel as read, not up to a message.",
  },
  "messages.pin": byBot,
  "messages.unpin": byBot,
  "messages.list-pins": byBot,
  "reactions.add": byBot,
  "reactions.remove": byBot,
  "reactions.list": byBot,
  "typing.set": {
    support: "degraded",
    actsAs: "bot",
    params: ["typing"],
    reason: "no-stop",
    detail: "Mattermost shows typing for a few seconds and has no call that ends it.",
  },
  "presence.set": {
    support: "native",
    actsAs: "bot",
    params: ["text"],
    limits: { text: { max: 100, unit: "codepoints" } },
  },
  "presence.get": byAdmin,
  "files.upload": { support: "native", actsAs: "bot", idempotency: unsafe },
  "files.download": byBot,
  "mattermost.respond": { support: "native", actsAs: "bot", idempotency: unsafe },
  "mattermost.send-ephemeral": { support: "native", actsAs: "bot", idempotency: unsafe },
  "mattermost.open-dialog": byBot,
  "mattermost.list-commands": byAdmin,
  "mattermost.create-command": { support: "native", actsAs: "admin", idempotency: unsafe },
  "mattermost.delete-command": byAdmin,
  "mattermost.list-incoming-webhooks": byAdmin,
  "mattermost.create-incoming-webhook": { support: "native", actsAs: "admin", idempotency: unsafe },
  "mattermost.delete-incoming-webhook": byAdmin,
  "mattermost.post-incoming-webhook": { support: "native", actsAs: "admin", idempotency: unsafe },
  "mattermost.list-outgoing-webhooks": byAdmin,
  "mattermost.create-outgoing-webhook": { support: "native", actsAs: "admin", idempotency: unsafe },
  "mattermost.delete-outgoing-webhook": byAdmin,
  "mattermost.list-tokens": byAdmin,
  "mattermost.revoke-token": byAdmin,
  "mattermost.update-channel": byBot,
  "mattermost.set-member-role": byAdmin,
  "mattermost.request": { support: "native", actsAs: "admin", idempotency: unsafe },
});
export type Capabilities = typeof capabilities;
