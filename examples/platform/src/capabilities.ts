import { defineCapabilities } from "@botyard/sdk";

/** The best this server can do. What is not here it cannot. Each entry but `none` needs a handler in `operations/`. */
export const capabilities = defineCapabilities(
  {},
  {
    "bots.list": { support: "native", actsAs: "admin" },
    "bots.get": { support: "native", actsAs: "admin" },
    "bots.create": { support: "native", actsAs: "admin", params: ["username", "displayName", "description"] },
    "bots.delete": { support: "native", actsAs: "admin" },
    "bots.enable": {
      support: "emulated",
      by: "core",
      actsAs: "admin",
      reason: "no-such-call",
      detail: "Pigeon has no switch for bots.",
    },
    "bots.disable": {
      support: "emulated",
      by: "core",
      actsAs: "admin",
      reason: "no-such-call",
      detail: "Pigeon has no switch for bots.",
    },
    "rooms.list": { support: "native", actsAs: "admin" },
    "rooms.get": { support: "native", actsAs: "admin" },
    "rooms.list-bots": { support: "native", actsAs: "admin" },
    "rooms.add-bot": { support: "native", actsAs: "admin" },
    "rooms.remove-bot": { support: "native", actsAs: "admin" },
    "members.list": { support: "native", actsAs: "admin" },
    "messages.send": {
      support: "native",
      actsAs: "bot",
      params: ["format", "plain"],
      limits: { text: { max: 4000, unit: "codepoints" } },
      idempotency: { kind: "replay", windowMs: null },
    },
  },
);
export type Capabilities = typeof capabilities;
