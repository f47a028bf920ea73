import { checkServerName, serverOf } from "./ids.ts";
import type { Registration } from "./registration.ts";

/**
 * The users this registration may act for on its own server: the sender, and who a users regex matches.
 *
 * @see https://spec.matrix.org/v1.19/application-service-api/#registration "only matches local users"
 */
export function createUserMatch(
  registration: Pick<Registration, "users" | "senderLocalpart">,
  serverName: string,
): (userId: string) => boolean {
  const patterns = registration.users.map(({ regex }) => RegExp(regex.startsWith("^") ? regex : `^(?:${regex})`));
  const sender = `@${registration.senderLocalpart}:${serverName}`;
  return (userId) =>
    userId === sender || (serverOf(userId) === serverName && patterns.some((pattern) => pattern.test(userId)));
}

/** The fixed text every user of the first users namespace begins with: `^@_remote_.*:hs$` → `_remote_`. */
export function ghostPrefixOf(registration: Pick<Registration, "users">): string | undefined {
  const regex = registration.users[0]?.regex;
  if (regex === undefined) return undefined;
  let prefix = "";
  const rest = regex.replace(/^\^?\(?(?:\?:)?@/, "");
  for (let at = 0; at < rest.length; at++) {
    const char = rest.charAt(at);
    const literal = char === "\\" ? rest.charAt(++at) : char;
    if (char !== "\\" && /[.*+?()[\]{}|^$:]/.test(char)) {
      // A quantifier makes the character before it optional.
      if (/[*?{]/.test(char)) prefix = prefix.slice(0, -1);
      break;
    }
    if (char === "\\" && /[a-zA-Z0-9]/.test(literal)) break;
    prefix += literal;
  }
  return prefix;
}

/** The server name every users regex ends with, unescaped; `undefined` where they do not agree or name none. */
export function serverNameOf(registration: Pick<Registration, "users">): string | undefined {
  const names = new Set(
    registration.users.map(({ regex }) =>
      regex
        .slice(regex.lastIndexOf(":") + 1)
        .replace(/\$?\)?\$?$/, "")
        .replace(/\\(.)/g, "$1"),
    ),
  );
  const [only] = names;
  return names.size === 1 && only !== undefined && checkServerName(only) === undefined ? only : undefined;
}
