import { areAcquainted, viewerOf } from "./access.ts";
import { tellUser } from "./bots.ts";
import type { SimChannel, World } from "./model.ts";
import { checkLength, Guard, missing, notFound, Refusal } from "./refusal.ts";
import { route, type Ask, type Route } from "./route.ts";
import { channelJson, fileJson, userJson } from "./shapes.ts";

const clearable: Readonly<Record<string, string>> = {
  Avatar: "avatar",
  DisplayName: "display_name",
  Pronouns: "pronouns",
  ProfileContent: "content",
  ProfileBackground: "",
  StatusText: "status.text",
  StatusPresence: "status.presence",
};

function edit({ world, headers, at, body }: Ask): unknown {
  const viewer = viewerOf(world, headers);
  const json = body({
    display_name: "string?",
    pronouns: "string?",
    avatar: "string?",
    status: "object?",
    profile: "object?",
    remove: "strings?",
  });
  const [wanted = ""] = at;
  const id = wanted === "@me" ? viewer.id : wanted;
  checkLength("display_name", json.display_name, 2, 32);
  const status = (json.status ?? {}) as Readonly<Record<string, unknown>>;
  const profile = (json.profile ?? {}) as Readonly<Record<string, unknown>>;
  checkLength("status.text", status["text"], 0, 128);
  checkLength("profile.content", profile["content"], 0, 2000);
  const remove = json.remove ?? [];
  if (remove.some((one) => !(one in clearable))) throw new Guard(422);
  const user = world.users.get(id);
  if (!user) throw notFound();
  if (id !== viewer.id && user.owner !== viewer.id) throw new Refusal(403, "NotPrivileged");
  const data: Record<string, unknown> = {};
  if (json.avatar !== undefined) {
    const file = world.files.get(json.avatar);
    if (!file || file.tag !== "avatars" || file.used) throw notFound();
    file.used = true;
    user.avatar = file;
    data["avatar"] = fileJson(file);
  }
  if (json.display_name !== undefined) data["display_name"] = user.display_name = json.display_name;
  if (json.pronouns !== undefined) data["pronouns"] = user.pronouns = json.pronouns;
  if (typeof profile["content"] === "string") user.content = profile["content"];
  if (json.status !== undefined) data["status"] = user.status = { ...user.status, ...status };
  for (const one of remove) {
    const [field = "", inner] = (clearable[one] ?? "").split(".");
    if (inner !== undefined && user.status) user.status = { ...user.status, [inner]: undefined };
    else if (field !== "") Reflect.deleteProperty(user, field);
  }
  tellUser(world, id, data, remove);
  return userJson(world, user, viewer.id, true);
}

/** A direct room with somebody else, or one's own notes. */
function direct(world: World, me: string, other: string): SimChannel {
  const type = me === other ? "SavedMessages" : "DirectMessage";
  const recipients = me === other ? [me] : [me, other];
  const found = [...world.channels.values()].find(
    (one) => one.channel_type === type && recipients.every((id) => one.recipients.includes(id)),
  );
  if (found) return found;
  if (!areAcquainted(world, me, other)) throw missing("SendMessage");
  const channel: SimChannel = { _id: world.id(), channel_type: type, recipients, waits: new Map() };
  world.channels.set(channel._id, channel);
  world.messages.set(channel._id, []);
  world.sent.emit(recipients, { type: "ChannelCreate", ...channelJson(channel) });
  return channel;
}

export const userRoutes: readonly Route[] = [
  route("GET /users/dms", ({ world, headers }) => {
    const { id } = viewerOf(world, headers);
    return [...world.channels.values()]
      .filter(({ server, recipients }) => server === undefined && recipients.includes(id))
      .map(channelJson);
  }),
  route("PATCH /users/*", edit),
  route("GET /users/*", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const user = world.users.get(at[0] ?? "");
    if (!user) throw notFound();
    // who is gone may be looked at by anybody
    if (user.flags !== 2 && !areAcquainted(world, id, user._id)) throw missing("Access");
    return userJson(world, user, id);
  }),
  route("GET /users/*/profile", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const user = world.users.get(at[0] ?? "");
    if (!user) throw notFound();
    if (!areAcquainted(world, id, user._id)) throw missing("ViewProfile");
    return user.content === undefined ? {} : { content: user.content };
  }),
  route("GET /users/*/dm", ({ world, headers, at }) => {
    const { id } = viewerOf(world, headers);
    const [other = ""] = at;
    if (!world.users.has(other)) throw notFound();
    return channelJson(direct(world, id, other));
  }),
];
