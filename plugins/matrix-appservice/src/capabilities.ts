import { defineCapabilities } from "@botyard/sdk";
import * as native from "./native.ts";
import { replayWindowMs } from "./sent.ts";

const bySender = { support: "native", actsAs: "admin" } as const;
const byBot = { support: "native", actsAs: "bot" } as const;

/**
 * A homeserver answers the same path and transaction id again with the first event. Synapse keeps that in memory, at
 * least half an hour and not over a restart: a second attempt therefore looks into the room's history first.
 */
const replay = { kind: "replay", windowMs: replayWindowMs } as const;

/** Sends that a repeat does not double. */
const replayed = { support: "native", actsAs: "bot", idempotency: replay } as const;
/** A repeat does it twice. */
const once = { support: "native", actsAs: "bot", idempotency: { kind: "none" } } as const;

/** An event is at most 65,536 bytes with everything around the text, and HTML is sent beside its plain text. */
const text = { text: { max: 60_000, unit: "bytes" } } as const;

/** The best an application service can do. */
export const capabilities = defineCapabilities(native, {
  "bots.list": {
    support: "degraded",
    actsAs: "admin",
    reason: "no-user-list",
    detail:
      "A homeserver does not list the users of a namespace: shown are the sender and the bots that Botyard manages.",
    remedy: "botyard bots create makes a managed bot of an existing user of the namespace",
  },
  "bots.get": bySender,
  "bots.create": {
    support: "native",
    actsAs: "admin",
    params: ["username", "displayName"],
    limits: { displayName: { max: 256, unit: "codepoints" } },
  },
  "bots.update": {
    support: "native",
    actsAs: "admin",
    params: ["displayName"],
    limits: { displayName: { max: 256, unit: "codepoints" } },
  },
  "bots.enable": {
    support: "emulated",
    by: "core",
    actsAs: "admin",
    reason: "no-such-state",
    detail: "A homeserver has no disabled users of an application service: Botyard acts and delivers again.",
  },
  "bots.disable": {
    support: "emulated",
    by: "core",
    actsAs: "admin",
    reason: "no-such-state",
    detail:
      "A homeserver has no disabled users of an application service: Botyard stops acting for the bot and delivering to it.",
  },
  "bots.delete": {
    support: "degraded",
    actsAs: "admin",
    reason: "no-user-deletion",
    detail:
      "A homeserver never gives a user id back: the bot leaves every room and loses its name and picture; the id stays reserved.",
  },
  "bots.get-icon": bySender,
  "bots.set-icon": bySender,
  "bots.delete-icon": bySender,
  "rooms.list": bySender,
  "rooms.get": bySender,
  "rooms.create": { support: "native", actsAs: "admin", idempotency: { kind: "none" } },
  "rooms.update": bySender,
  "rooms.list-bots": bySender,
  "rooms.add-bot": bySender,
  "rooms.remove-bot": bySender,
  "members.list": bySender,
  "members.invite": bySender,
  "members.kick": bySender,
  "members.ban": bySender,
  "members.unban": bySender,
  "messages.send": {
    support: "native",
    actsAs: "bot",
    limits: { ...text, files: { max: 1, unit: "items" } },
    idempotency: replay,
  },
  "messages.update": { support: "native", actsAs: "bot", limits: text, idempotency: replay },
  "messages.delete": { support: "native", actsAs: "bot", idempotency: replay },
  "messages.get": byBot,
  "messages.list": byBot,
  "reactions.add": { support: "native", actsAs: "bot", idempotency: replay },
  "reactions.remove": byBot,
  "reactions.list": byBot,
  "files.upload": { support: "native", actsAs: "bot", idempotency: { kind: "none" } },
  "files.download": byBot,
  "messages.mark-read": byBot,
  "messages.pin": byBot,
  "messages.unpin": byBot,
  "messages.list-pins": byBot,
  "rooms.open-direct": byBot,
  "typing.set": byBot,
  "presence.set": {
    support: "degraded",
    actsAs: "bot",
    reason: "no-busy",
    detail: "Matrix knows online, unavailable (away) and offline users, and no busy ones.",
    remedy: "away",
  },
  "presence.get": byBot,
  "users.list": {
    support: "degraded",
    actsAs: "admin",
    reason: "no-user-list",
    detail: "A homeserver lists no users: shown is who shares a room with us; a search asks its directory.",
    remedy: "--search with a part of a name",
  },
  "users.get": bySender,
  "matrix.add-alias": byBot,
  "matrix.remove-alias": byBot,
  "matrix.resolve-alias": byBot,
  "matrix.get-aliases": byBot,
  "matrix.get-visibility": byBot,
  "matrix.set-visibility": byBot,
  "matrix.get-joined-rooms": byBot,
  "matrix.get-event": byBot,
  "matrix.get-context": byBot,
  "matrix.get-messages": byBot,
  "matrix.ensure-joined": byBot,
  "matrix.ensure-registered": byBot,
  "matrix.join-room": byBot,
  "matrix.leave-room": byBot,
  "matrix.forget-room": byBot,
  "matrix.invite-user": byBot,
  "matrix.kick-user": byBot,
  "matrix.ban-user": byBot,
  "matrix.unban-user": byBot,
  "matrix.error-and-leave": replayed,
  "matrix.get-room-members": byBot,
  "matrix.get-room-member-info": byBot,
  "matrix.get-room-displayname": byBot,
  "matrix.get-room-avatar-url": byBot,
  "matrix.send-message-event": replayed,
  "matrix.send-text": replayed,
  "matrix.send-notice": replayed,
  "matrix.send-emote": replayed,
  "matrix.send-file": replayed,
  "matrix.react": replayed,
  "matrix.redact": replayed,
  "matrix.mark-read": byBot,
  "matrix.send-receipt": byBot,
  "matrix.batch-send": {
    support: "degraded",
    actsAs: "bot",
    reason: "no-msc2716",
    detail:
      "Synapse dropped batch_send (MSC2716) after 1.86: elsewhere it is refused, unless each event may be sent by itself.",
    remedy: "emulate: true",
    idempotency: { kind: "none" },
  },
  "matrix.set-presence": byBot,
  "matrix.get-presence": byBot,
  "matrix.set-typing": byBot,
  "matrix.get-profile": byBot,
  "matrix.set-displayname": byBot,
  "matrix.set-avatar-url": byBot,
  "matrix.search-users": byBot,
  "matrix.upload-media": once,
  "matrix.download-media": byBot,
  "matrix.set-room-name": byBot,
  "matrix.set-room-topic": byBot,
  "matrix.set-room-avatar": byBot,
  "matrix.set-join-rule": byBot,
  "matrix.get-power-levels": byBot,
  "matrix.set-power-levels": byBot,
  "matrix.get-pinned-messages": byBot,
  "matrix.set-pinned-messages": byBot,
  "matrix.pin-message": byBot,
  "matrix.unpin-message": byBot,
  "matrix.send-state-event": byBot,
  "matrix.get-state-event": byBot,
  "matrix.get-state": byBot,
  "matrix.create-room": once,
  "matrix.whoami": byBot,
  "matrix.ping": bySender,
  "matrix.rotate-tokens": bySender,
  "matrix.request": once,
});
export type Capabilities = typeof capabilities;
