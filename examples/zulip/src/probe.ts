import { isBotyardError, type Check, type ProbeReport } from "@botyard/sdk";
import { capabilities } from "./capabilities.ts";
import { admin, type State } from "./state.ts";

/** Zulip 9.0: `channel` in searches, `message_ids` of deletions, what this plugin is written against. */
const oldestLevel = 250;

export async function probe(state: State, signal: AbortSignal): Promise<ProbeReport> {
  const { api, emoji } = state;
  const server = await api.server(signal);
  const on = await admin(state, signal);
  const me = await api.me(on);
  const queue = await api.register(on);
  await api.deleteQueue(on, queue.queue_id).catch((error: unknown) => {
    // It goes by itself after ten minutes.
    if (!isBotyardError(error)) throw error;
  });
  if (queue.server_emoji_data_url !== undefined) emoji.found(queue.server_emoji_data_url);
  const level = server.zulip_feature_level ?? 0;
  const checks: Check[] = [
    me.is_admin
      ? { name: "signed in", state: "ok", detail: `as ${me.full_name}, an administrator` }
      : {
          name: "signed in",
          state: "warn",
          detail: `as ${me.full_name}, who is no administrator: only their own bots and channels can be managed`,
        },
    level >= oldestLevel
      ? { name: "version", state: "ok", detail: `Zulip ${server.zulip_version}, feature level ${level}` }
      : {
          name: "version",
          state: "warn",
          detail: `Zulip ${server.zulip_version} is older than 9.0, against which this plugin is written`,
        },
  ];
  const max = queue.max_message_length;
  const limits = max === undefined ? undefined : { text: { max, unit: "codepoints" as const } };
  return {
    server: { name: server.realm_name ?? "Zulip", version: server.zulip_version },
    checks,
    continuity: "observed",
    ...(limits
      ? {
          narrow: {
            "messages.send": { ...capabilities["messages.send"], limits },
            "messages.update": { ...capabilities["messages.update"], limits },
          },
        }
      : {}),
  };
}
