import { BotyardError, type Mention } from "@botyard/sdk";
import type { Context } from "./context.ts";
import type { Caller } from "./request.ts";

const everybody = /^@(?:all|channel|here)$/i;

/**
 * Puts `@name` where the input's mentions are: the server reads them from the text and from nothing else. What stands
 * there as it should stays. Throws `invalid` for users the server does not have.
 */
export async function encodeMentions(
  { host, directory }: Pick<Context, "host" | "directory">,
  on: Caller,
  text: string,
  mentions: readonly Mention[] = [],
): Promise<string> {
  const inText = mentions.filter(({ offset, length }) => offset >= 0 && length > 0 && offset + length <= text.length);
  if (inText.length === 0) return text;
  const managed = await host.bots.list();
  const ofBot = new Map(managed.map(({ handle, username }) => [handle, username]));
  const ofId = new Map(managed.map(({ nativeId, username }) => [nativeId, username]));
  await directory.learnUsers(
    on,
    inText.flatMap(({ kind, id }) => (kind === "room" || id === undefined || ofId.has(id) ? [] : [id])),
  );
  let written = text;
  for (const { kind, id, bot, offset, length } of inText.toSorted((a, b) => b.offset - a.offset)) {
    const there = text.slice(offset, offset + length);
    if (kind === "room" && everybody.test(there)) continue;
    const name =
      kind === "room" ? "channel" : id === undefined ? ofBot.get(bot ?? "") : (ofId.get(id) ?? directory.username(id));
    if (name === undefined)
      throw new BotyardError("invalid", "a mention names nobody that Mattermost knows; nothing was sent", {
        issues: [{ path: "mentions", expected: "users of this server" }],
      });
    if (there.toLowerCase() !== `@${name}`)
      written = `${written.slice(0, offset)}@${name}${written.slice(offset + length)}`;
  }
  return written;
}
