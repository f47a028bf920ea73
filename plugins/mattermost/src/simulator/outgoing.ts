import type { SimChannel, SimPost, SimUser, World } from "./model.ts";

/** Calls the webhooks whose word a post begins with; those of bots too. */
export async function outgoingFor(world: World, channel: SimChannel, user: SimUser, post: SimPost): Promise<void> {
  const [word = ""] = post.message.split(/\s/);
  for (const hook of world.outgoing.values()) {
    if (hook["channel_id"] !== channel.id || !(hook["trigger_words"] as string[]).includes(word)) continue;
    const body = {
      token: hook["token"],
      team_id: channel.team_id,
      team_domain: world.teams.get(channel.team_id)?.name ?? "",
      channel_id: channel.id,
      channel_name: channel.name,
      timestamp: post.create_at,
      user_id: user.id,
      user_name: user.username,
      post_id: post.id,
      text: post.message,
      trigger_word: word,
      file_ids: "",
    };
    for (const url of hook["callback_urls"] as string[])
      await world
        .callOut(
          new Request(url, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          }),
        )
        .catch(() => undefined);
  }
}
