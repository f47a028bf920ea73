import { BotyardError, type HttpRequest } from "@botyard/sdk";

/**
 * Address of a request below an origin, which may have a path of its own: `https://cloud.example.org/nextcloud`.
 * Throws `invalid` (effect `none`) for a path that does not begin with a slash, has a fragment, a backslash, a control
 * character or dot segments: those would lead elsewhere than the plugin meant.
 */
export function requestUrl(base: string, request: Pick<HttpRequest, "path" | "query">): URL {
  const [path = ""] = request.path.split("?", 1);
  if (!path.startsWith("/") || path.startsWith("//") || /[\\#\s]/.test(path) || path.split("/").some(isDots))
    throw new BotyardError(
      "invalid",
      "The path of a request begins with one slash and has every part percent-encoded, without . and .. parts",
      { issues: [{ path: "path", expected: "a percent-encoded path below the origin" }] },
    );
  const url = new URL(base.replace(/\/+$/, "") + request.path);
  for (const [name, value] of Object.entries(request.query ?? {}))
    if (value !== undefined) url.searchParams.append(name, String(value));
  return url;
}

/** `https://chat.example.org` of an address; throws `invalid`. */
export function originOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new BotyardError("invalid", "An origin is an address like https://chat.example.org");
  return url.origin;
}

/** Address of a socket and the origin it counts as: `wss://chat.example.org/ws` is of `https://chat.example.org`. */
export function socketTarget(address: string): { readonly target: URL; readonly origin: string } {
  const target = URL.canParse(address) ? new URL(address) : null;
  if (target === null || !/^wss?:$/.test(target.protocol))
    throw new BotyardError("invalid", "A socket's address is one like wss://chat.example.org/websocket");
  return { target, origin: originOf(target.href.replace(/^ws/, "http")) };
}

function isDots(part: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(part);
}
