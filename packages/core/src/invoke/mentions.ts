import { type AnyPlatform, BotyardError } from "@botyard/sdk";
import { allowsOperation } from "../access/grants.ts";
import type { Principal } from "../runtime-types.ts";

const writing = new Set(["messages.send", "messages.update"]);
const right = "act.mention-room";

const patterns = new WeakMap<AnyPlatform, RegExp>();

/** The platform's words that notify a whole room; more is taken for one than the server would take. */
function patternOf(platform: AnyPlatform): RegExp | null {
  const words = platform.massMentions ?? [];
  if (words.length === 0) return null;
  const known = patterns.get(platform);
  if (known) return known;
  const escaped = words.map((word) => word.replaceAll(/[.\\+?^${}()|[\]*/]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${escaped.join("|")})(?![\\p{L}\\p{N}_])`, "iu");
  patterns.set(platform, pattern);
  return pattern;
}

function notifiesRoom(platform: AnyPlatform, input: Readonly<Record<string, unknown>>): boolean {
  const { mentions, text } = input;
  if (Array.isArray(mentions) && mentions.some((one: { kind?: unknown }) => one.kind === "room")) return true;
  return typeof text === "string" && (patternOf(platform)?.test(text) ?? false);
}

/** Throws `forbidden` for what would notify a whole room, unless the key has the right to. */
export function checkMassMentions(
  principal: Principal,
  platform: AnyPlatform,
  operation: string,
  input: Readonly<Record<string, unknown>>,
  connection: string,
): void {
  if (!writing.has(operation) || allowsOperation(principal.grant, right) || !notifiesRoom(platform, input)) return;
  const words = platform.massMentions ? ` (${platform.massMentions.join(", ")})` : "";
  throw new BotyardError(
    "forbidden",
    `key "${principal.name}" may not notify a whole room${words} on ${connection}; nothing was sent`,
    { instead: `leave the mention out, or use a key that is allowed ${right}` },
  );
}
