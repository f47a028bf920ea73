import { isFields, type Fields } from "../wire.ts";
import { isAdmin, noPermission, refuse, type World } from "./model.ts";
import { created, fieldsOf, me, ok, param, text, type Ask, type Reply } from "./request.ts";
import { addPost, postOf } from "./posts.ts";

const bool = (value: unknown): boolean => value === true;

export async function createCommand(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  if (!isAdmin(user)) noPermission();
  const trigger = text(body, "trigger");
  const taken = [...world.commands.values()].some(
    (one) => one["trigger"] === trigger && one["team_id"] === body["team_id"],
  );
  if (taken || ["echo", "me", "join", "leave"].includes(trigger))
    refuse(400, "api.command.duplicate_trigger.app_error");
  if (!/^https?:\/\//.test(text(body, "url"))) refuse(400, "model.command.is_valid.url_http.app_error");
  const at = world.now();
  const command = {
    id: world.newId(),
    token: world.newId(),
    create_at: at,
    update_at: at,
    delete_at: 0,
    creator_id: user.id,
    team_id: text(body, "team_id"),
    trigger,
    method: text(body, "method"),
    username: text(body, "username"),
    icon_url: "",
    auto_complete: bool(body["auto_complete"]),
    auto_complete_desc: text(body, "auto_complete_desc"),
    auto_complete_hint: text(body, "auto_complete_hint"),
    display_name: text(body, "display_name"),
    description: text(body, "description"),
    url: text(body, "url"),
    plugin_id: "",
  };
  world.commands.set(command.id, command);
  return created(command);
}

export function listCommands(ask: Ask): Reply {
  me(ask);
  const team = ask.url.searchParams.get("team_id");
  return [...ask.world.commands.values()].filter((one) => one["team_id"] === team);
}

const commandOf = (ask: Ask): Fields =>
  ask.world.commands.get(param(ask, "command")) ?? refuse(404, "store.sql_command.save.get.app_error");

export const getCommand = (ask: Ask): Reply => (me(ask), commandOf(ask));

export function deleteCommand(ask: Ask): Reply {
  if (!isAdmin(me(ask))) noPermission();
  ask.world.commands.delete(String(commandOf(ask)["id"]));
  return ok;
}

export function regenerateToken(ask: Ask): Reply {
  if (!isAdmin(me(ask))) noPermission();
  const token = ask.world.newId();
  const command = commandOf(ask);
  ask.world.commands.set(String(command["id"]), { ...command, token, update_at: ask.world.now() });
  return { token };
}

/** Ids the server hands out with an interaction; `trigger` opens a dialog. */
const triggerOf = (world: World, user: string): string => btoa(`${world.newId()}:${user}:${world.now()}:sig`);

export async function executeCommand(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  const channel = world.channels.get(text(body, "channel_id")) ?? noPermission();
  const [name = "", ...words] = text(body, "command").split(" ");
  const command = [...world.commands.values()].find((one) => `/${String(one["trigger"])}` === name);
  if (!command) return refuse(404, "api.command.execute_command.not_found.app_error");
  const answer = world.newId();
  world.answers.set(answer, { channel: channel.id, user: user.id });
  const form = new URLSearchParams({
    channel_id: channel.id,
    channel_name: channel.name,
    command: name,
    response_url: `${world.site}/hooks/commands/${answer}`,
    root_id: "",
    team_domain: world.teams.get(channel.team_id)?.name ?? "",
    team_id: channel.team_id,
    text: words.join(" "),
    token: String(command["token"]),
    trigger_id: triggerOf(world, user.id),
    user_id: user.id,
    user_name: user.username,
  });
  const response = await world
    .callOut(
      new Request(String(command["url"]), {
        method: "POST",
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          authorization: `Token ${String(command["token"])}`,
        },
        body: form.toString(),
      }),
    )
    .catch(() => refuse(500, "api.command.execute_command.failed.app_error"));
  if (!response.ok) refuse(500, "api.command.execute_command.failed_resp.app_error");
  const raw = await response.text();
  const plain = (response.headers.get("content-type") ?? "").startsWith("text/plain");
  let said: Fields = { text: raw };
  if (!plain || raw === "") {
    try {
      said = JSON.parse(raw) as Fields;
    } catch {
      refuse(500, "api.command.execute_command.failed.app_error");
    }
  }
  return {
    response_type: text(said, "response_type"),
    text: text(said, "text"),
    username: text(said, "username"),
    channel_id: "",
    icon_url: "",
    type: "",
    props: said["props"] ?? null,
    goto_location: "",
    trigger_id: world.newId(),
    skip_slack_parsing: false,
    attachments: said["attachments"] ?? null,
    extra_responses: null,
  };
}

export async function answerCommand(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const found = world.answers.get(param(ask, "answer")) ?? refuse(404, "web.command_webhook.general.app_error");
  const body = await fieldsOf(ask);
  const channel = world.channels.get(found.channel);
  const user = world.users.get(found.user);
  if (channel && user && body["response_type"] === "in_channel")
    addPost(world, channel, user, { message: text(body, "text"), props: { from_webhook: "true" } });
  return new Response("ok", { headers: { "content-type": "text/plain" } });
}

export async function doAction(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const body = await fieldsOf(ask);
  const post = postOf(ask);
  const all = Array.isArray(post.props["attachments"]) ? post.props["attachments"].filter(isFields) : [];
  const actions = all.flatMap(({ actions }) => (Array.isArray(actions) ? actions.filter(isFields) : []));
  const action = actions.find(({ id }) => id === param(ask, "action"));
  const integration = isFields(action?.["integration"])
    ? action["integration"]
    : refuse(404, "api.post.do_action.action_id.app_error");
  const channel = world.channels.get(post.channel_id);
  const selected = body["selected_option"];
  const context = {
    ...(isFields(integration["context"]) ? integration["context"] : {}),
    ...(selected === undefined ? {} : { selected_option: selected }),
  };
  const sent = {
    user_id: user.id,
    user_name: user.username,
    channel_id: post.channel_id,
    channel_name: channel?.name ?? "",
    team_id: channel?.team_id ?? "",
    team_domain: world.teams.get(channel?.team_id ?? "")?.name ?? "",
    post_id: post.id,
    trigger_id: triggerOf(world, user.id),
    type: action?.["type"] ?? "button",
    data_source: "",
    context,
  };
  const failed = (): never => refuse(400, "api.post.do_action.action_integration.app_error");
  const request = new Request(String(integration["url"]), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(sent),
  });
  const response = await world.callOut(request).catch(failed);
  return response.status === 200 ? { status: "OK", trigger_id: world.newId() } : failed();
}

export async function openDialog(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const body = await fieldsOf(ask);
  let decoded = "";
  try {
    decoded = atob(text(body, "trigger_id"));
  } catch {
    refuse(400, "interactive_message.decode_trigger_id.base64_decode_failed");
  }
  const [, user = ""] = decoded.split(":");
  if (user === "") refuse(400, "interactive_message.decode_trigger_id.base64_decode_failed");
  world.tell("open_dialog", { dialog: JSON.stringify(body) }, { user });
  return ok;
}

export async function submitDialog(ask: Ask): Promise<Reply> {
  const user = me(ask);
  const body = await fieldsOf(ask);
  const { url, submission, cancelled, ...rest } = body;
  const sent = {
    type: "dialog_submission",
    ...rest,
    user_id: user.id,
    submission: submission ?? null,
    cancelled: bool(cancelled),
  };
  const request = new Request(String(url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(sent),
  });
  const response = await ask.world.callOut(request);
  const said: unknown = await response.json().catch(() => ({}));
  return isFields(said) ? said : {};
}
