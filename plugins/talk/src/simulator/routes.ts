import type { Json } from "../wire.ts";
import type { Reply } from "./envelope.ts";
import type { Actor, Room, User, World } from "./model.ts";
import type { Server } from "./push.ts";

/** One request, with its login. */
export interface Visit {
  readonly server: Server;
  readonly world: World;
  readonly user: User | null;
  /** The user as an actor; for guests the one that joined last. */
  readonly actor: Actor | null;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  /** Body or query by name; null where the body is broken. */
  readonly body: Json | null;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** `none`: whoever asks. `user`: 401 without a login. */
  readonly login: "none" | "user";
  run(visit: Visit): Reply | Promise<Reply>;
}

const token = "([a-z0-9]{4,30})";

/** `v1/chat/:token/:id` below `/apps/spreed/api/`. */
export function route(method: string, pattern: string, run: Route["run"], login: Route["login"] = "user"): Route {
  const source = pattern.replaceAll(":token", token).replaceAll(":id", String.raw`(\d+)`);
  return { method, path: new RegExp(`^${source}$`), login, run };
}

/** The room, where the visitor is in it. */
export function roomFor({ world, params, actor }: Visit): Room | null {
  const room = world.rooms.get(params[0] ?? "");
  if (!room || !actor) return null;
  return room.attendees.some(({ actorType, actorId }) => actorType === actor.type && actorId === actor.id)
    ? room
    : null;
}
