import type { WorldOptions } from "./model.ts";

/** The document that needs no credentials. The OAuth2 branch is older than the limits. */
export function rootJson(options: WorldOptions): Record<string, unknown> {
  const { bots = { whileNew: 2, later: 5 }, newUserHours = 72, groupSize = 100, oauth2 = false } = options;
  const sizes = {
    emojis: 500_000,
    attachments: 20_000_000,
    banners: 6_000_000,
    backgrounds: 6_000_000,
    avatars: 4_000_000,
    icons: 2_500_000,
  };
  const user = (count: number, servers: number, requests: number): Record<string, unknown> => ({
    outgoing_friend_requests: requests,
    bots: count,
    message_length: 2000,
    message_attachments: 5,
    servers,
    voice_quality: 16_000,
    video: true,
    video_resolution: [1080, 720],
    video_aspect_ratio: [0.3, 2.5],
    file_upload_size_limits: sizes,
  });
  const limits = {
    global: {
      group_size: groupSize,
      message_embeds: 5,
      message_replies: 5,
      message_reactions: 20,
      server_emoji: 100,
      server_roles: 200,
      server_channels: 200,
      body_limit_size: 20_000_000,
      restrict_server_creation: [],
      new_user_hours: newUserHours,
    },
    new_user: user(bots.whileNew, 50, 5),
    default: user(bots.later, 100, 10),
  };
  const voice = oauth2
    ? { voso: { enabled: false, url: "", ws: "" } }
    : { livekit: { enabled: false, nodes: [] }, limits };
  return {
    revolt: options.version ?? (oauth2 ? "0.8.9" : "0.15.1"),
    features: {
      captcha: { enabled: false, key: "" },
      email: false,
      invite_only: options.inviteOnly ?? false,
      autumn: { enabled: options.files ?? true, url: options.autumn },
      january: { enabled: false, url: "" },
      ...voice,
      ...(oauth2 ? {} : { legal_links: { terms_of_service: "", privacy_policy: "", guidelines: "" } }),
    },
    ws: options.gateway,
    app: "https://stoat.test",
    vapid: "x",
    build: { commit_sha: "0", commit_timestamp: "", semver: "", origin_url: "", timestamp: "" },
  };
}
