import { type Fields } from "../wire.ts";
import { badBody, isAdmin, noPermission, refuse } from "./model.ts";
import { created, fieldsOf, me, ok, pageOf, param, text, type Ask, type Reply } from "./request.ts";
import { addPost } from "./posts.ts";

export async function createIncoming(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  if (!isAdmin(user)) noPermission();
  const channel = world.channels.get(text(body, "channel_id")) ?? badBody();
  const at = world.now();
  const hook = {
    id: world.newId(),
    create_at: at,
    update_at: at,
    delete_at: 0,
    user_id: user.id,
    channel_id: channel.id,
    team_id: channel.team_id,
    display_name: text(body, "display_name"),
    description: text(body, "description"),
    username: "",
    icon_url: "",
    channel_locked: false,
  };
  world.incoming.set(hook.id, hook);
  return created(hook);
}

export const listIncoming = (ask: Ask): Reply =>
  isAdmin(me(ask)) ? pageOf(ask, [...ask.world.incoming.values()]) : noPermission();

export const getIncoming = (ask: Ask): Reply => (
  me(ask),
  ask.world.incoming.get(param(ask, "hook")) ?? refuse(404, "app.webhooks.get_incoming.app_error")
);

export function deleteIncoming(ask: Ask): Reply {
  if (!isAdmin(me(ask))) noPermission();
  ask.world.incoming.delete(param(ask, "hook"));
  return ok;
}

export async function postIncoming(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const raw = await ask.request.text();
  const hook = world.incoming.get(param(ask, "hook")) ?? refuse(400, "web.incoming_webhook.general.app_error");
  let body: Fields;
  try {
    body = JSON.parse(raw.startsWith("payload=") ? (new URLSearchParams(raw).get("payload") ?? "") : raw) as Fields;
  } catch {
    return refuse(400, "web.incoming_webhook.decode.app_error");
  }
  const named = text(body, "channel");
  const channel =
    named === "" || named.startsWith("@")
      ? world.channels.get(String(hook["channel_id"]))
      : [...world.channels.values()].find(({ name, id }) => name === named.replace(/^#/, "") || id === named);
  if (!channel) return refuse(404, "web.incoming_webhook.general.app_error");
  if (text(body, "text") === "" && !Array.isArray(body["attachments"]))
    refuse(400, "web.incoming_webhook.general.app_error");
  const user = world.users.get(String(hook["user_id"]));
  const username = text(body, "username");
  if (user)
    addPost(world, channel, user, {
      message: text(body, "text"),
      props: { from_webhook: "true", ...(username === "" ? {} : { override_username: username }) },
    });
  return new Response("ok", { headers: { "content-type": "text/plain" } });
}

export async function createOutgoing(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  if (!isAdmin(user)) noPermission();
  const channel = world.channels.get(text(body, "channel_id"));
  if (channel?.type !== "O") return refuse(403, "api.outgoing_webhook.disabled.app_error");
  const words = (body["trigger_words"] ?? []) as readonly string[];
  for (const hook of world.outgoing.values())
    if (hook["channel_id"] === channel.id && (hook["trigger_words"] as string[]).some((word) => words.includes(word)))
      refuse(500, "api.webhook.create_outgoing.intersect.app_error");
  const at = world.now();
  const hook = {
    id: world.newId(),
    token: world.newId(),
    create_at: at,
    update_at: at,
    delete_at: 0,
    creator_id: user.id,
    channel_id: channel.id,
    team_id: channel.team_id,
    trigger_words: words,
    trigger_when: 0,
    callback_urls: (body["callback_urls"] ?? []) as readonly string[],
    display_name: text(body, "display_name"),
    description: "",
    content_type: text(body, "content_type"),
    username: "",
    icon_url: "",
  };
  world.outgoing.set(hook.id, hook);
  return created(hook);
}

export const listOutgoing = (ask: Ask): Reply => {
  if (!isAdmin(me(ask))) noPermission();
  const team = ask.url.searchParams.get("team_id");
  const found = [...ask.world.outgoing.values()].filter((hook) => team === null || hook["team_id"] === team);
  return pageOf(ask, found);
};

export function deleteOutgoing(ask: Ask): Reply {
  if (!isAdmin(me(ask))) noPermission();
  ask.world.outgoing.delete(param(ask, "hook"));
  return ok;
}
