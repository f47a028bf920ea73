import type { Principal, Runtime } from "@botyard/core";
import { BotyardError } from "@botyard/sdk";

const bearer = /^bearer +(\S+)$/i;

/**
 * The key in `Authorization: Bearer by_…`; null without the header.
 *
 * Throws `unauthenticated` for another scheme, and for a key in the address, where it would end in logs and histories.
 */
function keyOf(request: Request): string | null {
  if (/[?&](?:access_token|api_key)=/.test(request.url))
    throw new BotyardError(
      "unauthenticated",
      "A key does not belong into an address: addresses end in logs and histories. Send it as a header, and revoke this one if others may have seen it.",
      { fix: 'curl -H "Authorization: Bearer $BOTYARD_KEY" …' },
    );
  const header = request.headers.get("authorization");
  if (header === null) return null;
  const key = bearer.exec(header.trim())?.[1];
  if (key === undefined)
    throw new BotyardError(
      "unauthenticated",
      "The Authorization header is not of the form `Bearer by_…`; no other scheme is known here.",
      { fix: 'curl -H "Authorization: Bearer $BOTYARD_KEY" …' },
    );
  return key;
}

export async function authenticate(runtime: Runtime, request: Request): Promise<Principal> {
  return runtime.authenticate(keyOf(request));
}
