import type { EventDraft } from "@botyard/sdk";
import { subjectOf } from "./text.ts";
import { objectOf, textOf, type Json } from "./wire.ts";

type Kind = Pick<EventDraft, "type" | "member">;

const unknown: Kind = { type: "platform.unknown" };
const changed: Kind = { type: "room.updated" };

/** Room changes: what they set is not told. @see https://nextcloud-talk.readthedocs.io/en/stable/chat/#system-messages */
const roomChanges = new Set([
  "history_cleared",
  "conversation_renamed",
  "description_set",
  "description_removed",
  "guests_allowed",
  "guests_disallowed",
  "password_set",
  "password_removed",
  "read_only",
  "read_only_off",
  "lobby_non_moderators",
  "lobby_none",
  "lobby_timer_reached",
  "listable_none",
  "listable_users",
  "listable_all",
  "avatar_set",
  "avatar_removed",
  "message_expiration_enabled",
  "message_expiration_disabled",
  "breakout_rooms_started",
  "breakout_rooms_stopped",
]);

/** Attachments: Talk sends them as activities, under `""`, `file_shared`, or from 23 on `message`. */
export const contentNames: ReadonlySet<string> = new Set(["", "message", "file_shared", "object_shared"]);

/** What a system message means; kinds without a neutral word stay `platform.unknown`, with all of it in `native`. */
export function kindOf(name: string, actor: string | null, parameters: Json): Kind {
  if (roomChanges.has(name)) return changed;
  const member = (parameter: string, membership: NonNullable<EventDraft["member"]>["membership"]): Kind["member"] => {
    const about = objectOf(parameters[parameter]);
    const user = subjectOf(about);
    return user === null ? undefined : { user, name: textOf(about["name"]) || null, membership };
  };
  const about = (type: EventDraft["type"], found: Kind["member"]): Kind => (found ? { type, member: found } : unknown);
  switch (name) {
    case "message_edited":
      return { type: "message.updated" };
    case "message_deleted":
      return { type: "message.deleted" };
    case "conversation_created":
      return { type: "room.created" };
    case "user_added":
      return about("member.joined", member("user", "joined"));
    case "user_removed": {
      const gone = member("user", "left");
      if (gone && gone.user !== actor) return { type: "member.kicked", member: { ...gone, membership: "kicked" } };
      return about("member.left", gone);
    }
    case "federated_user_added": {
      const invited = member("federated_user", "invited");
      if (invited && invited.user === actor)
        return { type: "member.joined", member: { ...invited, membership: "joined" } };
      return about("member.invited", invited);
    }
    case "federated_user_removed": {
      const gone = member("federated_user", "left");
      if (gone && gone.user !== actor) return { type: "member.kicked", member: { ...gone, membership: "kicked" } };
      return about("member.left", gone);
    }
    default:
      return unknown;
  }
}
