import { BotyardError } from "@botyard/sdk";
import { isAdmin } from "./grants.ts";
import type { Principal } from "../runtime-types.ts";

/**
 * `env:NAME` and `file:PATH` read the service's own environment and files: whoever may write them can make the service
 * send what is in there to a server of theirs. Only a key that may do everything may. Throws `forbidden`.
 */
export function checkReferences(principal: Principal, secrets: Iterable<string>): void {
  if (isAdmin(principal.grant)) return;
  for (const secret of secrets)
    if (secret.startsWith("env:") || secret.startsWith("file:"))
      throw new BotyardError(
        "forbidden",
        `key "${principal.name}" may not name secrets of the service's machine (env:, file:); send the secret itself`,
      );
}
