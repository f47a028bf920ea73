import * as v from "valibot";
import { actAs, connection, expected, NativeId, room, says } from "@botyard/sdk";

/* Fields that several native operations take or answer. Not exported from the plugin's module of operations. */

export const place = { connection, room, as: actAs };
export const actor = { connection, as: actAs };

export const Json = v.record(v.string(), v.unknown());
export const content = says("Content of the event, as Matrix spells it.", Json);
export const eventId = says("Id of the event: `$…`.", NativeId);
export const reason = v.optional(says("Shown in the membership event.", v.pipe(v.string(), v.maxLength(4000))));
export const ignoreCache = v.optional(says("Do not trust what is remembered: ask the homeserver.", v.boolean()));
export const eventType = says(
  "Type of the event: `m.room.message`.",
  v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
);
const stamp = v.pipe(v.number(), v.integer(), v.minValue(0, expected("Unix milliseconds, 0 or more")));

export const written = {
  timestampMs: v.optional(says("Dates the event, in Unix milliseconds: for messages of the past.", stamp)),
  externalUrl: v.optional(
    says("Where it is in the other network; becomes `external_url`.", v.pipe(v.string(), v.maxLength(4000))),
  ),
};
export const timestampMs = says("When it happened, in Unix milliseconds.", stamp);
export const mxc = says(
  "Address of an uploaded file: `mxc://server/id`.",
  v.pipe(v.string(), v.regex(/^mxc:\/\/\S{1,500}$/, expected("mxc://server/id"))),
);
export const alias = says(
  "Room alias: `#name:hs.example.org`.",
  v.pipe(v.string(), v.startsWith("#", expected("#name:server")), v.maxLength(255)),
);
export const Visibility = v.picklist(["public", "private"]);

/** Answer of whatever writes one event. */
export const EventSent = v.object({ event: says("Id of the event.", v.string()) });

export const MemberView = v.object({
  user: v.string(),
  membership: v.picklist(["invite", "join", "leave", "ban", "knock"]),
  displayname: v.nullable(v.string()),
  avatarUrl: v.nullable(v.string()),
});
