import { BotyardError, type Acting, type Host } from "@botyard/sdk";
import type { Api } from "./api.ts";
import type { Settings } from "./settings.ts";

/** What the parts of an open session share. */
export interface State {
  readonly host: Host<Settings>;
  readonly api: Api;
}

/** The key that manages bots, rooms and members. Throws `unauthenticated`. */
export async function adminKey({ host }: State): Promise<string> {
  const found = await host.credentials.find({ kind: "admin-key" });
  if (found) return found.secret;
  throw new BotyardError("unauthenticated", "No admin key of Pigeon is sealed.", {
    fix: `botyard credentials import ${host.connection.id} admin-key --secret -`,
  });
}

/** The key of the bot that acts. Throws `unauthenticated`, `invalid`. */
export async function botKey({ host }: State, as: Acting | null): Promise<string> {
  if (as?.kind !== "bot" || as.handle === undefined)
    throw new BotyardError("invalid", "On Pigeon only bots act: give `as`.");
  const found = as.credential ?? (await host.credentials.find({ kind: "bot-key", bot: as.handle }));
  if (found) return found.secret;
  throw new BotyardError("unauthenticated", `No key of ${as.handle} is sealed.`, {
    fix: `botyard credentials import ${host.connection.id}/${as.handle} bot-key --secret -`,
  });
}
