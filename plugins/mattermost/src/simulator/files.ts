import { isAdmin, noPermission, refuse, type SimFile } from "./model.ts";
import { created, me, param, ok, type Ask, type Reply } from "./request.ts";

const types: Readonly<Record<string, string>> = {
  txt: "text/plain; charset=utf-8",
  png: "image/png",
  bin: "application/octet-stream",
};

const show = ({ bytes: _, post_id: post, ...info }: SimFile): object => ({
  ...info,
  ...(post === "" ? {} : { post_id: post }),
});

/** A raw body; the form with parts is not known here. */
export async function uploadFile(ask: Ask): Promise<Reply> {
  const { world } = ask;
  const user = me(ask);
  const channel = ask.url.searchParams.get("channel_id");
  const name = ask.url.searchParams.get("filename") ?? "";
  if (channel === null) return refuse(400, "api.context.invalid_url_param.app_error");
  if (!world.channels.get(channel)?.members.has(user.id)) noPermission();
  const bytes = new Uint8Array(await ask.request.arrayBuffer());
  if (bytes.byteLength === 0) refuse(400, "api.file.upload_file.read_request.app_error");
  const extension = name.includes(".") ? (name.split(".").at(-1) ?? "") : "";
  const at = world.now();
  const file: SimFile = {
    id: world.newId(),
    user_id: user.id,
    channel_id: channel,
    create_at: at,
    post_id: "",
    name,
    size: bytes.byteLength,
    mime_type: types[extension] ?? "",
    bytes,
    update_at: at,
    delete_at: 0,
    extension,
    mini_preview: null,
    remote_id: "",
    archived: false,
  };
  world.files.set(file.id, file);
  return created({ file_infos: [show(file)], client_ids: null });
}

function fileOf(ask: Ask): SimFile {
  const user = me(ask);
  const file = ask.world.files.get(param(ask, "file")) ?? refuse(404, "app.file_info.get.app_error");
  const there = ask.world.channels.get(file.channel_id)?.members.has(user.id) === true;
  return there || isAdmin(user) ? file : noPermission();
}

export const fileInfo = (ask: Ask): Reply => show(fileOf(ask));

export function getFile(ask: Ask): Reply {
  const file = fileOf(ask);
  return new Response(file.bytes.slice(), {
    headers: { "content-type": file.mime_type || "application/octet-stream", "content-length": String(file.size) },
  });
}

const limits = (): never => refuse(400, "api.user.upload_profile_user.check_image_limits.app_error");

/** The one picture of a form, with its type by its first bytes. */
async function pictureOf(ask: Ask, prefix: string): Promise<{ readonly type: string; readonly bytes: Uint8Array }> {
  const form = await ask.request.formData().catch(() => refuse(500, `${prefix}.parse.app_error`));
  const image = form.get("image");
  if (!(image instanceof Blob)) return refuse(400, `${prefix}.no_file.app_error`);
  const bytes = new Uint8Array(await image.arrayBuffer());
  const head = String.fromCharCode(...bytes.subarray(0, 200));
  const type = head.startsWith("\u0089PNG") ? "image/png" : /<svg/.test(head) ? "image/svg+xml" : "";
  return { type, bytes };
}

/** Kept as it is: the real server crops it to 128 by 128 pixels. */
export async function setImage(ask: Ask): Promise<Reply> {
  const user = me(ask);
  const id = param(ask, "user") === "me" ? user.id : param(ask, "user");
  const account = ask.world.users.get(id) ?? refuse(400, "api.context.invalid_url_param.app_error");
  if (!isAdmin(user) && (ask.world.bots.has(id) || id !== user.id)) noPermission();
  const picture = await pictureOf(ask, "api.user.upload_profile_user");
  if (picture.type !== "image/png") limits();
  account.image = picture;
  return ok;
}

export function getImage(ask: Ask): Reply {
  me(ask);
  const account = ask.world.users.get(param(ask, "user")) ?? refuse(404, "app.user.missing_account.const");
  const { image } = account;
  if (image === null)
    return new Response(new Uint8Array([137, 80, 78, 71]), { headers: { "content-type": "image/png" } });
  return new Response(image.bytes.slice(), { headers: { "content-type": image.type, etag: '"1"' } });
}

export function deleteImage(ask: Ask): Reply {
  const account = ask.world.users.get(param(ask, "user")) ?? refuse(400, "api.context.invalid_url_param.app_error");
  if (!isAdmin(me(ask))) noPermission();
  account.image = null;
  return ok;
}

const noBot = (): never => refuse(404, "store.sql_bot.get.missing.app_error");
const botOf = (ask: Ask) => ask.world.bots.get(param(ask, "bot")) ?? noBot();

/** To others than its owner and administrators a bot is not there, but for its icon. */
function ownBotOf(ask: Ask): ReturnType<typeof botOf> {
  const user = me(ask);
  const bot = botOf(ask);
  return isAdmin(user) || bot.owner_id === user.id ? bot : noBot();
}

/** Whole, and with a size. */
const isSvg = (text: string): boolean => /<svg[^>]*\s(?:width|viewBox)=[^]*<\/svg>/.test(text);

export async function setIcon(ask: Ask): Promise<Reply> {
  const bot = ownBotOf(ask);
  const picture = await pictureOf(ask, "api.bot.set_bot_icon_image");
  if (!isSvg(new TextDecoder().decode(picture.bytes))) refuse(400, "api.bot.set_bot_icon_image.parse.app_error");
  bot.icon = picture.bytes;
  bot.last_icon_update = ask.world.now();
  return ok;
}

export function getIcon(ask: Ask): Reply {
  me(ask);
  const { icon } = botOf(ask);
  if (icon === null) return refuse(404, "api.bot.get_bot_icon_image.read.app_error");
  return new Response(icon.slice(), { headers: { "content-type": "image/svg+xml", etag: "0" } });
}

export function deleteIcon(ask: Ask): Reply {
  const bot = ownBotOf(ask);
  if (bot.icon === null) refuse(500, "api.bot.delete_bot_icon_image.app_error");
  bot.icon = null;
  bot.last_icon_update = 0;
  return ok;
}
