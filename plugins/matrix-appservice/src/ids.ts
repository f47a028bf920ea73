/**
 * Shapes of Matrix ids. Each check answers `undefined` for a good id, else the reason as a sentence.
 *
 * @see https://spec.matrix.org/v1.19/appendices/#identifier-grammar
 */

/** Longest id a homeserver must accept, in UTF-8 bytes, sigil and server name included. */
const maxIdBytes = 255;

const encoder = new TextEncoder();

function tooLong(id: string, what: string): string | undefined {
  const bytes = encoder.encode(id).length;
  return bytes > maxIdBytes ? `${what} is ${bytes} bytes long; at most ${maxIdBytes} are allowed` : undefined;
}

// A name, an IPv4 address or a bracketed IPv6 address, then perhaps a port.
const serverPattern = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,230})(?::[0-9]{1,5})?$/;
// Without lone control characters: ids travel in URLs and logs.
const opaquePattern = /^[^\u0000-\u001f\u007f]+$/;
const localpartPattern = /^[a-z0-9._=/+-]+$/;

export function checkServerName(name: string): string | undefined {
  return serverPattern.test(name)
    ? undefined
    : "a server name looks like hs.example.org or hs.example.org:8448, without https://";
}

/** Splits at the first colon, as the specification does: a server name may hold colons, a localpart may not. */
function parts(id: string): { local: string; server: string | undefined } {
  const colon = id.indexOf(":");
  return colon < 0
    ? { local: id.slice(1), server: undefined }
    : { local: id.slice(1, colon), server: id.slice(colon + 1) };
}

function checkSigil(id: string, sigil: string, what: string): string | undefined {
  if (!id.startsWith(sigil)) return `${what} starts with ${sigil}`;
  if (!opaquePattern.test(id)) return `${what} holds no control characters`;
  return tooLong(id, what);
}

export function checkUserId(id: string): string | undefined {
  const wrong = checkSigil(id, "@", "a user id");
  if (wrong !== undefined) return wrong;
  const { local, server } = parts(id);
  if (server === undefined) return "a user id ends with its server: @name:hs.example.org";
  if (local === "") return "a user id has a name between @ and the colon";
  return checkServerName(server);
}

/** Room version 12 has room ids without a server; a server is checked where there is one. */
export function checkRoomId(id: string): string | undefined {
  const wrong = checkSigil(id, "!", "a room id");
  if (wrong !== undefined) return wrong;
  const { local, server } = parts(id);
  if (local === "") return "a room id has more than the ! sign";
  return server === undefined ? undefined : checkServerName(server);
}

export function checkAlias(alias: string): string | undefined {
  const wrong = checkSigil(alias, "#", "a room alias");
  if (wrong !== undefined) return wrong;
  const { local, server } = parts(alias);
  if (server === undefined) return "a room alias ends with its server: #name:hs.example.org";
  if (local === "") return "a room alias has a name between # and the colon";
  return checkServerName(server);
}

export function checkEventId(id: string): string | undefined {
  const wrong = checkSigil(id, "$", "an event id");
  if (wrong !== undefined) return wrong;
  return id.length > 1 ? undefined : "an event id has more than the $ sign";
}

/** What may be registered: lower-case, by the grammar of new user ids. */
export function checkLocalpart(localpart: string): string | undefined {
  if (localpart === "") return "the name is empty";
  return localpartPattern.test(localpart) ? undefined : "a name on a Matrix server uses only a-z 0-9 . _ = / + -";
}

export function localpartOf(userId: string): string {
  return parts(userId).local;
}

/** Server name of a user id, a room alias or a room id; `undefined` where the id has none. */
export function serverOf(id: string): string | undefined {
  return parts(id).server;
}

/** `helper` with prefix `bot_` on `hs.example.org` → `@bot_helper:hs.example.org`. */
export function ghostId(handle: string, prefix: string, serverName: string): string {
  return `@${prefix}${handle}:${serverName}`;
}

/** `mxc://server/id` in its parts; `undefined` for anything else. */
export function parseMxc(uri: string): { server: string; id: string } | undefined {
  const match = /^mxc:\/\/([^/]+)\/([A-Za-z0-9_-]+)$/.exec(uri);
  const [, server, id] = match ?? [];
  return server === undefined || id === undefined || checkServerName(server) !== undefined ? undefined : { server, id };
}
