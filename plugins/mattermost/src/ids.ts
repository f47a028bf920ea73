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

/** A channel's or team's name in its address, made of what people call it: `Build & Test` → `build-test`. */
export function toSlug(name: string): string {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 64);
  return slug.length < 2 ? `room-${slug || "1"}` : slug;
}
