import type { BotyardError } from "@botyard/sdk";
import type { Core } from "../core.ts";
import type { Target } from "./context.ts";

/** A refused credential is a state of who holds it: its bot, else the connection. */
export function blame(
  core: Pick<Core, "supervisor">,
  connection: string,
  target: Pick<Target, "as">,
  error: BotyardError,
): void {
  if (error.code !== "unauthenticated") return;
  const report = {
    state: "auth_required" as const,
    reason: error.message,
    ...(error.details.fix ? { remedy: error.details.fix } : {}),
  };
  if (target.as?.kind === "bot" && target.as.handle && target.as.credential)
    core.supervisor.report(connection, { kind: "bot", bot: target.as.handle }, report);
  else if (target.as?.credential)
    core.supervisor.report(connection, { kind: "credential", credential: target.as.credential.id }, report);
  else core.supervisor.report(connection, { kind: "connection" }, report);
}
