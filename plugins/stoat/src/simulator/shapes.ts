import type { SimBot, SimChannel, SimFile, SimMember, SimMessage, SimServer, SimUser, World } from "./model.ts";

type Json = Record<string, unknown>;

/** Without what is not set: the server leaves it out. */
function lean(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function fileJson({ _id, tag, filename, metadata, content_type, size }: SimFile): Json {
  return { _id, tag, filename, metadata, content_type, size };
}

/** `relationship` is the caller's own for itself, in some answers also for the owner's bots. */
export function userJson(world: World, user: SimUser, viewer: string | null, mine = false): Json {
  const { status } = user;
  return lean({
    _id: user._id,
    username: user.username,
    discriminator: user.discriminator,
    display_name: user.display_name,
    avatar: user.avatar && fileJson(user.avatar),
    status: status && (status.text !== undefined || status.presence !== undefined) ? lean(status) : undefined,
    pronouns: user.pronouns,
    flags: user.flags,
    bot: user.owner === undefined ? undefined : { owner: user.owner },
    relationship: mine || viewer === user._id ? "User" : "None",
    online: world.sent.online(user._id),
  });
}

export function botJson(bot: SimBot): Json {
  return lean({
    _id: bot._id,
    owner: bot.owner,
    token: bot.token,
    public: bot.public,
    analytics: bot.analytics || undefined,
    interactions_url: bot.interactions_url,
    oauth2: bot.oauth2 && { ...bot.oauth2 },
  });
}

export function memberJson(server: string, member: SimMember): Json {
  return lean({
    _id: { server, user: member.user },
    joined_at: member.joined_at,
    nickname: member.nickname,
    roles: member.roles.length > 0 ? [...member.roles] : undefined,
    timeout: member.timeout,
  });
}

export function serverJson(server: SimServer): Json {
  return lean({
    _id: server._id,
    owner: server.owner,
    name: server.name,
    description: server.description,
    channels: [...server.channels],
    roles:
      server.roles.size > 0
        ? Object.fromEntries([...server.roles].map(([id, role]) => [id, lean({ ...role })]))
        : undefined,
    default_permissions: server.default_permissions,
    approximate_member_count: 1,
  });
}

export function channelJson(channel: SimChannel): Json {
  const { channel_type, _id } = channel;
  if (channel_type === "SavedMessages") return { channel_type, _id, user: channel.recipients[0] };
  return lean({
    channel_type,
    _id,
    server: channel.server,
    name: channel.name,
    description: channel.description,
    owner: channel.owner,
    active: channel_type === "DirectMessage" ? true : undefined,
    recipients: channel.server === undefined ? [...channel.recipients] : undefined,
    last_message_id: channel.last_message_id,
    default_permissions: channel.default_permissions && { ...channel.default_permissions },
    slowmode: channel.slowmode,
  });
}

/** As history and edits give it: without the author. */
export function messageJson(message: SimMessage): Json {
  return lean({
    _id: message._id,
    nonce: message.nonce,
    channel: message.channel,
    author: message.author,
    webhook: message.webhook,
    system: message.system,
    content: message.content,
    attachments: message.attachments.length > 0 ? message.attachments.map(fileJson) : undefined,
    edited: message.edited,
    embeds: message.embeds,
    mentions: message.mentions.length > 0 ? message.mentions : undefined,
    replies: message.replies.length > 0 ? message.replies : undefined,
    reactions:
      message.reactions.size > 0
        ? Object.fromEntries([...message.reactions].map(([emoji, users]) => [emoji, [...users]]))
        : undefined,
    interactions: message.interactions,
    masquerade: message.masquerade,
    pinned: message.pinned || undefined,
    flags: message.flags,
  });
}

/** As a send and the gateway give it: with author and member. */
export function sentJson(world: World, message: SimMessage, viewer: string | null): Json {
  const user = world.users.get(message.author);
  const server = world.servers.get(world.channels.get(message.channel)?.server ?? "");
  const member = server?.members.get(message.author);
  const { _id, nonce, channel, author, ...rest } = messageJson(message);
  return lean({
    _id,
    nonce,
    channel,
    author,
    user: user && userJson(world, user, viewer),
    member: member && memberJson(server?._id ?? "", member),
    ...rest,
  });
}
