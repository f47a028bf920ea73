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
  "users.get": bySender,
});
export type Capabilities = typeof capabilities;
