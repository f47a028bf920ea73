import type { EventRoom, Room, RoomKind } from "@botyard/sdk";
import type { WireChannel, WireChannelType, WireTeam } from "./wire.ts";

const kindOf = (type: WireChannelType | undefined): RoomKind =>
  type === "D" ? "direct" : type === "G" ? "group" : "channel";

/** Direct messages have a name made of ids, which says nothing to people. */
export function toEventRoom(
  channel: Pick<WireChannel, "id" | "type" | "team_id" | "name" | "display_name">,
  team: string | undefined,
): EventRoom {
  const { id, type, team_id: parent, name, display_name: shown } = channel;
  return {
    id,
    kind: kindOf(type),
    name: shown === "" ? null : shown,
    ...(team === undefined ? {} : { handle: `${team}:${name}` }),
    ...(parent === "" ? {} : { parent }),
  };
}

export function fromChannel(channel: WireChannel, team: string | undefined): Room {
  const { id, kind = "channel", name = null, handle, parent } = toEventRoom(channel, team);
  const topic = channel.header || channel.purpose;
  return {
    id,
    kind,
    name,
    ...(handle === undefined ? {} : { handle }),
    ...(parent === undefined ? {} : { parent }),
    ...(topic === "" ? {} : { topic }),
  };
}

export function fromTeam({ id, name, display_name: shown, description }: WireTeam): Room {
  return { id, kind: "space", name: shown, handle: name, ...(description === "" ? {} : { topic: description }) };
}
