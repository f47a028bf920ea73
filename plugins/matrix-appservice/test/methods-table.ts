import { readFileSync } from "node:fs";

/** One thing that users of mautrix's AppServiceAPI and IntentAPI have, and where it is here. */
export interface Row {
  /** Of mautrix-python; empty: has no name there. */
  readonly upstream: string;
  /** Method of an intent, or with a dot of the application service. */
  readonly library: string;
  /** Native operation; null: belongs to a program only, with the reason. */
  readonly operation: string | null;
  readonly note?: string;
}

const intent = (upstream: string, library: string, verb: string, note?: string): Row => ({
  upstream,
  library,
  operation: `matrix.${verb}`,
  ...(note === undefined ? {} : { note }),
});
const service = (upstream: string, library: string, operation: string | null, note: string): Row => ({
  upstream,
  library: `as.${library}`,
  operation,
  note,
});

export const rows: readonly Row[] = [
  intent("user", "user", "whoami", "over HTTP who acts is said by `as`"),
  intent("set_presence", "setPresence", "set-presence", "sent where state or text changed"),
  intent("invite_user", "inviteUser", "invite-user", "another refusal than _in there already_ is an error"),
  intent("leave_room", "leaveRoom", "leave-room", "remembered after the answer"),
  intent("set_room_name", "setRoomName", "set-room-name"),
  intent("set_room_avatar", "setRoomAvatar", "set-room-avatar"),
  intent("set_room_topic", "setRoomTopic", "set-room-topic"),
  intent(
    "get_power_levels",
    "getPowerLevels",
    "get-power-levels",
    "defaults of the specification; creators of version 12",
  ),
  intent("set_power_levels", "setPowerLevels", "set-power-levels"),
  intent("get_pinned_messages", "getPinnedMessages", "get-pinned-messages"),
  intent("set_pinned_messages", "setPinnedMessages", "set-pinned-messages"),
  intent("pin_message", "pinMessage", "pin-message", "two at once both stay"),
  intent("unpin_message", "unpinMessage", "unpin-message"),
  intent("set_join_rule", "setJoinRule", "set-join-rule", "any rule"),
  intent("get_room_displayname", "getRoomDisplayname", "get-room-displayname"),
  intent("get_room_avatar_url", "getRoomAvatarUrl", "get-room-avatar-url"),
  intent(
    "get_room_member_info",
    "getRoomMemberInfo",
    "get-room-member-info",
    "asks where only the membership is known",
  ),
  intent("set_typing", "setTyping", "set-typing", "every call is sent"),
  intent("error_and_leave", "errorAndLeave", "error-and-leave"),
  intent("send_message_event", "sendMessageEvent", "send-message-event"),
  intent("send_state_event", "sendStateEvent", "send-state-event"),
  intent("get_room_members", "getRoomMembers", "get-room-members"),
  intent("mark_read", "markRead", "mark-read"),
  intent("batch_send", "batchSend", "batch-send", "MSC2716, or emulated where asked for"),
  intent("ensure_joined", "ensureJoined", "ensure-joined", "lifts bans reported either way"),
  intent("ensure_registered", "ensureRegistered", "ensure-registered"),
  intent("create_room", "createRoom", "create-room"),
  intent("join_room", "joinRoom", "join-room", "never repeated by itself"),
  intent("forget_room", "forgetRoom", "forget-room"),
  intent("kick_user", "kickUser", "kick-user", "registered and joined first"),
  intent("ban_user", "banUser", "ban-user"),
  intent("unban_user", "unbanUser", "unban-user"),
  intent("send_text", "sendText", "send-text"),
  intent("send_notice", "sendNotice", "send-notice"),
  intent("send_emote", "sendEmote", "send-emote"),
  intent("send_file, send_image", "sendFile", "send-file", "image, audio and video by media type"),
  intent("react", "react", "react"),
  intent("redact", "redact", "redact"),
  intent("send_receipt", "sendReceipt", "send-receipt"),
  intent("get_event", "getEvent", "get-event"),
  intent("get_event_context", "getContext", "get-context"),
  intent("get_messages", "getMessages", "get-messages"),
  intent("get_state_event", "getStateEvent", "get-state-event"),
  intent("get_state", "getState", "get-state"),
  intent("get_joined_rooms", "getJoinedRooms", "get-joined-rooms"),
  intent("get_presence", "getPresence", "get-presence"),
  intent("get_profile, get_displayname, get_avatar_url", "getProfile", "get-profile"),
  intent("set_displayname", "setDisplayname", "set-displayname", "nothing is sent where it is so already"),
  intent("set_avatar_url", "setAvatarUrl", "set-avatar-url"),
  intent("search_users", "searchUsers", "search-users"),
  intent("upload_media", "uploadMedia", "upload-media"),
  intent("download_media", "downloadMedia", "download-media", "by the authenticated path"),
  intent("add_room_alias", "addAlias", "add-alias"),
  intent("remove_room_alias", "removeAlias", "remove-alias"),
  intent("resolve_room_alias", "resolveAlias", "resolve-alias"),
  intent("get_room_aliases", "getAliases", "get-aliases"),
  intent("get_room_directory_visibility", "getVisibility", "get-visibility"),
  intent("set_room_directory_visibility", "setVisibility", "set-visibility"),
  intent("whoami", "whoami", "whoami"),
  intent("appservice_ping", "ping", "ping"),
  intent("api.request", "request", "request", "a grant of its own"),
  { upstream: "", library: "openDirect", operation: "rooms.open-direct" },
  service("AppServiceAPI.bot_intent", "botIntent", null, "over HTTP: `as: user:@<sender>`"),
  service("AppServiceAPI.intent", "intent", null, "over HTTP: `as: user:@…`"),
  service("AppServiceAPI.user", "user", null, "over HTTP: `as: user:@…`"),
  service("AppServiceAPI.real_user", "realUser", null, "over HTTP: `as: account:…` with a `puppet-token`"),
  service("AppServiceAPI.request", "request", "matrix.request", "`?user_id=` always, `?ts=` where given"),
  service("AppServiceAPI.get_txn_id", "nextTxnId", null, "over HTTP: an Idempotency-Key"),
  service("matrix_event_handler", "on", null, "over HTTP: `events.*`, consumers and webhooks"),
  service("query_user", "onUserQuery", null, "in the service: the setting `queries`"),
  service("query_alias", "onAliasQuery", null, "in the service: the setting `queries`"),
  service("", "onThirdParty", null, "third-party lookups"),
];

const folder = new URL("./", import.meta.url);
const sources = { native: "native.test.ts", library: "library.test.ts" } as const;
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");

/** Test files that use a row's method and operation; a row nobody tests has none. */
export function testedIn({ library, operation }: Row): { readonly library: boolean; readonly operation: boolean } {
  const method = library.replace(/^as\./, "");
  return {
    library: new RegExp(`\\.${method}\\(`).test(read(sources.library)),
    operation: operation === null || read(sources.native).includes(`"${operation}"`),
  };
}

const cell = (text: string): string => (text === "" ? "–" : text);

/** The page: generated, so that it cannot be out of date. */
export function table(): string {
  const lines = rows.map((row) => {
    const verb = row.operation?.replace(/^matrix\./, "");
    const native = row.operation?.startsWith("matrix.") === true;
    const http = verb === undefined ? "" : native ? `\`…/matrix/${verb}\`` : `\`${row.operation ?? ""}\``;
    const cli =
      verb === undefined
        ? ""
        : native
          ? `\`botyard matrix ${verb}\``
          : `\`botyard ${(row.operation ?? "").replace(".", " ")}\``;
    const library = row.library.startsWith("as.") ? row.library : `intent.${row.library}`;
    const tested = row.operation === null ? "library" : "library, native";
    const upstream =
      row.upstream === ""
        ? ""
        : row.upstream
            .split(", ")
            .map((name) => `\`${name}\``)
            .join(", ");
    return `| ${cell(upstream)} | \`${library}\` | ${cell(http)} | ${cell(cli)} | ${tested} | ${row.note ?? ""} |`;
  });
  return [
    "# Methods",
    "",
    "What a user of mautrix's AppServiceAPI and IntentAPI has, and where it is here. Over HTTP each path begins with `/v1/connections/{connection}`. Made by `test/methods.test.ts`, which fails where it is out of date: `UPDATE_METHODS=1` writes it.",
    "",
    "| mautrix | library | HTTP | command line | tested in | differs |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
    "",
  ].join("\n");
}
