import type { Principal } from "../runtime-types.ts";

/** All rights: of commands that run in their own process, and of what Botyard does by itself. */
export function localPrincipal(): Principal {
  return {
    keyId: "local",
    name: "local",
    grant: { operations: ["*"] },
    ratePerMinute: null,
    signal: new AbortController().signal,
  };
}
