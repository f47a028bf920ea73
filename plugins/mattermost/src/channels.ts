import * as api from "./api.ts";
import type { Caller } from "./request.ts";
import { isMissingEndpoint } from "./tokens.ts";
import type { WireChannel } from "./wire.ts";

/**
 * Every channel, direct and group message who asks is in; with those archived since (Unix milliseconds) where that is
 * given. Not by team: a bot that is in no team still has direct messages. Servers before 6.1 list by team only.
 */
export async function channelsOf(on: Caller, archivedSince?: number): Promise<readonly WireChannel[]> {
  try {
    return await api.allMyChannels(on, archivedSince);
  } catch (error) {
    if (!isMissingEndpoint(error)) throw error;
  }
  const found = new Map<string, WireChannel>();
  for (const team of await api.myTeams(on))
    for (const channel of await api.myChannels(on, team.id)) found.set(channel.id, channel);
  return [...found.values()];
}
