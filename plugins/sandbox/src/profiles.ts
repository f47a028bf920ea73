import type { Capability, Continuity, Idempotency } from "@botyard/sdk";
import type { Settings } from "./settings.ts";
import type { Policy } from "./simulator/model.ts";

/** What the connection's profiles make of the server. */
export interface Traits {
  readonly policy: Policy;
  readonly transport: "socket" | "hooks";
  readonly continuity: Continuity;
}

export function traitsOf(settings: Settings): Traits {
  const has = (profile: Settings["profiles"][number]): boolean => settings.profiles.includes(profile);
  const installs = has("operator-install");
  const resume = !has("no-resume");
  const policy: Policy = {
    install: installs ? "console" : "call",
    answersId: !has("no-message-id"),
    references: has("detect-only-keys") ? "detect" : has("no-message-id") ? "none" : "replay",
    management: has("two-credentials") ? "owner-session" : "open",
    resume,
    copies: has("per-bot-copies") ? "per-bot" : "shared",
    history: settings.history,
    ghosts: globOf(settings.ghosts),
    maxFileBytes: settings.maxFileBytes,
    memoryFileBytes: settings.memoryFileBytes,
  };
  const unseen = settings.history && !installs ? "observed" : "unprovable";
  return {
    policy,
    transport: installs ? "hooks" : "socket",
    continuity: installs || !resume ? unseen : "proven",
  };
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.\\+?^${}()|[\]]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "u");
}

const consoleOnly = {
  support: "operator",
  actsAs: "admin",
  reason: "console-only",
  detail: "A person does it at the server's console.",
} as const;
const fixedIcon = { support: "none", reason: "fixed-icon", detail: "Installed bots have one icon for all." } as const;

const noAccounts = { support: "none", reason: "no-accounts", detail: "Installed bots are no accounts here." } as const;

/** What the ceiling promises and a server with these profiles has not. */
export function narrow({ policy }: Traits): Readonly<Record<string, Capability>> {
  const narrowed: Record<string, Capability> = {};
  if (policy.install === "console") {
    for (const operation of ["create", "update", "enable", "disable", "delete"])
      narrowed[`bots.${operation}`] = consoleOnly;
    for (const operation of ["rotate", "revoke"]) narrowed[`credentials.${operation}`] = consoleOnly;
    for (const operation of ["bots.assign", "bots.convert-to-user", "users.convert-to-bot"])
      narrowed[operation] = noAccounts;
    for (const operation of ["disable", "enable"]) narrowed[`credentials.${operation}`] = noAccounts;
    for (const operation of ["get-icon", "set-icon", "delete-icon"]) narrowed[`bots.${operation}`] = fixedIcon;
    narrowed["credentials.issue"] = {
      support: "none",
      reason: "fixed-secret",
      detail: "A bot has the one secret it was installed with.",
      remedy: "botyard credentials rotate <bot>",
    };
  }
  if (policy.references !== "replay" || !policy.answersId) {
    const idempotency: Idempotency =
      policy.references === "replay" ? { kind: "replay", windowMs: null } : { kind: policy.references };
    const offered = {
      idempotency,
      actsAs: "bot",
      params: ["format", "plain", "mentions", "files", "replyTo", "thread", "silent"],
      limits: { text: { max: 10_000, unit: "codepoints" } },
    } as const;
    narrowed["messages.send"] = policy.answersId
      ? { ...offered, support: "native" }
      : {
          ...offered,
          support: "degraded",
          reason: "no-message-id",
          detail: "The answer carries no id; history shows it later.",
        };
  }
  if (!policy.history) {
    const none = { support: "none", reason: "no-history", detail: "The server keeps no history." } as const;
    narrowed["messages.list"] = none;
    narrowed["messages.get"] = none;
  }
  return narrowed;
}
