import { BotyardError, type Mention } from "@botyard/sdk";
import { mentionText } from "./text.ts";

const prefix = "botyard-";

/** Carried by a send and found again in history: free text of at most 64 characters, shown to nobody. */
export function referenceOf(effectId: string): string {
  return `${prefix}${effectId}`;
}

/** The effect a message of ours belongs to; null for anybody else's. */
export function effectOf(referenceId: string): string | null {
  return referenceId.startsWith(prefix) ? referenceId.slice(prefix.length) : null;
}

/** What stands behind `@` for a native id: `users/bob` is `bob`, `groups/staff` is `group/staff`. */
function mentionId(id: string): string {
  const at = id.indexOf("/");
  const [type, rest] = at < 0 ? ["users", id] : [id.slice(0, at), id.slice(at + 1)];
  switch (type) {
    case "users":
      return rest;
    case "groups":
      return `group/${rest}`;
    case "federated_users":
      return `federated_user/${rest}`;
    case "guests":
      return `guest/${rest}`;
    case "emails":
      return `email/${rest}`;
    case "circles":
      return `team/${rest}`;
    default:
      return id;
  }
}

export interface Written {
  readonly text: string;
  readonly format?: "plain" | "markdown" | "html" | undefined;
  readonly mentions?: readonly Mention[] | undefined;
}

/**
 * The text as Talk takes it: always Markdown, so that plain text is sent as it is. Mentions become `@"id"`; bots cannot
 * be mentioned in Talk, their names stay as they are. Throws `unsupported_param` for HTML, `invalid` for a blank text.
 */
export function toText({ text, format, mentions = [] }: Written): string {
  if (format === "html")
    throw new BotyardError("unsupported_param", "Talk shows Markdown and no HTML; nothing was sent", {
      issues: [{ path: "format", expected: "plain or markdown" }],
    });
  if (text.trim() === "")
    throw new BotyardError("invalid", "Talk refuses a blank message; nothing was sent", {
      issues: [{ path: "text", expected: "something to read" }],
    });
  const written = mentions
    .filter(({ kind, offset, length }) => kind !== "bot" && offset >= 0 && length > 0 && offset + length <= text.length)
    .toSorted((a, b) => b.offset - a.offset)
    .reduce((done, { kind, id, offset, length }) => {
      const name = kind === "room" ? "@all" : id === undefined ? null : mentionText(mentionId(id));
      return name === null ? done : done.slice(0, offset) + name + done.slice(offset + length);
    }, text);
  // Half of a surrogate pair would be signed in one way and sent in another.
  return written.toWellFormed();
}
