import { createHash } from "node:crypto";

/** Whether a text can be an id: 26 of a-z 0-9. A path with any other text does not even reach its route. */
export function isId(text: string): boolean {
  return /^[a-z0-9]{26}$/.test(text);
}

const reserved = new Set(["all", "channel", "matterbot", "system"]);

/** What is wrong with a bot's username by the server's own rule; undefined: nothing. */
export function checkUsername(name: string): string | undefined {
  if (!/^[a-z0-9._-]{1,64}$/.test(name)) return "1 to 64 of a-z 0-9 . _ -, lower case";
  if (reserved.has(name)) return "a name other than all, channel, matterbot, system";
  // Accounts of bots get the address <username>@localhost, and that may not end so.
  return name.endsWith(".") ? "a name that does not end with a period" : undefined;
}

/**
 * A channel's or team's name in its address, made of what people call it: `Build & Test` → `build-test`. Letters of other
 * scripts cannot stand there: a digest of the whole name keeps two such names apart.
 */
export function toSlug(name: string): string {
  const letters = name.normalize("NFKD").toLowerCase().replaceAll("ß", "ss").replaceAll(/\p{M}/gu, "");
  const slug = letters.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  if (!/[^\P{L}a-z]/u.test(letters)) return slug.length < 2 ? `room-${slug || "1"}` : slug.slice(0, 64);
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${slug.slice(0, 55) || "room"}-${digest}`;
}
