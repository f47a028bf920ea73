import { isIP } from "node:net";
import { BotyardError } from "@botyard/sdk";

export interface GuardOptions {
  /** What the service listens on: `127.0.0.1`. A wildcard address makes every IP address a good `Host`; names stay closed. */
  readonly listenHost?: string;
  /** Names it is reached by besides, without port: `botyard.example.org`. */
  readonly hosts?: readonly string[];
}

/** Whether only programs on this machine reach it. */
export function isLoopback(name: string): boolean {
  return name === "localhost" || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** `[::1]:8470` → `::1`, `Localhost:8470` → `localhost`; null for what is no authority. */
function nameOf(authority: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+))(?::\d{1,5})?$/i.exec(authority);
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null;
}

/**
 * Refuses what a web page of somebody else can make a browser send: a foreign `Host` (DNS rebinding) and a foreign
 * `Origin` (cross-site requests). Throws `forbidden`.
 */
export function createGuard({ listenHost = "127.0.0.1", hosts = [] }: GuardOptions): (request: Request) => void {
  const known = new Set([listenHost, ...hosts].map((name) => name.replace(/^\[|\]$/g, "").toLowerCase()));
  const wildcard = known.has("0.0.0.0") || known.has("::");
  const allowed = (authority: string): boolean => {
    const name = nameOf(authority);
    return name !== null && (isLoopback(name) || known.has(name) || (wildcard && isIP(name) !== 0));
  };
  return (request) => {
    const host = request.headers.get("host") ?? new URL(request.url).host;
    if (!allowed(host))
      throw new BotyardError(
        "forbidden",
        "The Host header names a host this service does not answer for. Ask by the address it listens on; a proxy before it has to send that address as Host.",
      );
    const origin = request.headers.get("origin");
    if (origin === null) return;
    // The port counts here: a page of another program on this machine is foreign, too.
    if (
      origin.toLowerCase() !== `http://${host.toLowerCase()}` &&
      origin.toLowerCase() !== `https://${host.toLowerCase()}`
    )
      throw new BotyardError(
        "forbidden",
        "A web page of another origin may not use this service. Call it from a program, without an Origin header.",
      );
  };
}
