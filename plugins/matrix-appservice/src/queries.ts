import { isBotyardError } from "@botyard/sdk";
import type { Context } from "./context.ts";
import { checkLocalpart, localpartOf } from "./ids.ts";
import { ensureRegistered } from "./intent.ts";

/**
 * Whether a user or a room alias exists, asked while a person waits: never by a bot program, and never with a call that
 * itself waits for us. A user exists before the answer says so. Aliases are made by nobody yet.
 *
 * @see https://spec.matrix.org/v1.19/application-service-api/#querying
 */
export async function answerQuery(context: Context, kind: "users" | "rooms", name: string): Promise<boolean> {
  const { queries } = context.host.connection.settings;
  if (kind === "rooms" || queries === "deny") return false;
  const { owns } = await context.identity();
  if (!owns(name) || checkLocalpart(localpartOf(name)) !== undefined) return false;
  if (queries === "managed") {
    const managed = await context.host.bots.list();
    if (!managed.some(({ nativeId }) => nativeId === name)) return false;
  }
  try {
    // The homeserver asks because it does not know the user, whatever we remember.
    await ensureRegistered(context, name, { fresh: true });
    return true;
  } catch (error) {
    context.host.log.warn("a user that was asked for could not be registered", {
      user: name,
      code: isBotyardError(error) ? error.code : "internal",
      error,
    });
    return false;
  }
}
