import type { Bytes, HttpRequest } from "@botyard/sdk";
import type { Context } from "../context.ts";
import { redactEvent, sendEvent, setState, type Actor, type WriteOptions } from "../methods/actor.ts";
import * as direct from "../methods/direct.ts";
import * as members from "../methods/membership.ts";
import * as messages from "../methods/messages.ts";
import * as people from "../methods/people.ts";
import { request, type RequestOptions } from "../methods/request.ts";
import * as rooms from "../methods/rooms.ts";
import type { JsonObject, Membership, Presence, WireCreateRoom } from "../wire.ts";

/** What each intent method may be given besides; `txnId` makes a send the same over all attempts of a program. */
export interface SendOptions extends WriteOptions {
  /** Used once for one message of this user; default: a new one for each call. */
  readonly txnId?: string | undefined;
}

/** Names doings: unique over the registration and over restarts. */
export interface Effects {
  next(): string;
  /** Of a program's own transaction id, apart for each user: Synapse keeps them for the whole registration. */
  own(txnId: string, user: string): string;
}

/**
 * Everything a user of ours can do. Methods make true first what they need: the user is registered, in the room, and
 * has the power level; after a refusal what is remembered is read again and the call made once more.
 * All throw BotyardError: `forbidden`, `not_found`, `invalid`, `rate_limited`, `unreachable`, `timeout`, `upstream`.
 */
export interface Intent extends ReturnType<typeof methodsOf> {
  /** The intent of somebody else; with a token of a person. Throws `invalid`. */
  user(userId: string, options?: { readonly token?: string; readonly baseUrl?: string }): Intent;
}

export function createIntent(context: Context, userId: string, effects: Effects, other: Intent["user"]): Intent {
  return { ...methodsOf(context, userId, effects), user: other };
}

function methodsOf(context: Context, userId: string, effects: Effects) {
  const { signal } = context.host;
  const actor = (txnId?: string): Actor => ({
    context,
    user: userId,
    signal,
    effectId: txnId === undefined ? effects.next() : effects.own(txnId, userId),
    attempt: 1,
  });
  return {
    /** The user that acts. */
    userId,

    /** True when this made the user. */
    ensureRegistered: (options: { ignoreCache?: boolean } = {}) => members.bringAbout(actor(), options.ignoreCache),
    /** True when this brought the user in; false when it was in there. */
    ensureJoined: async (room: string, options?: members.EnsureJoinedOptions) =>
      (await members.bringIn(actor(), room, options)).joined,
    joinRoom: (roomOrAlias: string, reason?: string) => members.joinRoom(actor(), roomOrAlias, reason),
    leaveRoom: (room: string, options?: members.LeaveOptions) => members.leaveRoom(actor(), room, options),
    forgetRoom: (room: string) => members.forgetRoom(actor(), room),
    inviteUser: (room: string, user: string, options?: members.InviteOptions) =>
      members.inviteUser(actor(), room, user, options),
    kickUser: (room: string, user: string, reason?: string) => members.kickUser(actor(), room, user, reason),
    banUser: (room: string, user: string, reason?: string) => members.banUser(actor(), room, user, reason),
    unbanUser: (room: string, user: string, reason?: string) => members.unbanUser(actor(), room, user, reason),
    /** Says why as a notice, then leaves. */
    errorAndLeave: (room: string, text?: string, html?: string) =>
      members.errorAndLeave(actor(), room, messages.textContent("m.notice", text, { html })),
    /** Default: who is joined. */
    getRoomMembers: (room: string, allowed?: readonly Membership[]) => members.getRoomMembers(actor(), room, allowed),
    getRoomMemberInfo: (room: string, user: string, options: { ignoreCache?: boolean } = {}) =>
      members.getMemberInfo(actor(), room, user, options.ignoreCache),
    getRoomDisplayname: async (room: string, user: string, options: { ignoreCache?: boolean } = {}) =>
      (await members.getMemberInfo(actor(), room, user, options.ignoreCache)).displayname ?? null,
    getRoomAvatarUrl: async (room: string, user: string, options: { ignoreCache?: boolean } = {}) =>
      (await members.getMemberInfo(actor(), room, user, options.ignoreCache)).avatarUrl ?? null,

    createRoom: (wish: WireCreateRoom = {}) => rooms.createRoom(actor(), wish),
    /** The direct room with somebody, made where there is none. */
    openDirect: (user: string) => direct.openDirect(actor(), user),
    setRoomName: (room: string, name: string, options?: WriteOptions) => rooms.setName(actor(), room, name, options),
    setRoomTopic: (room: string, topic: string, options?: WriteOptions) =>
      rooms.setTopic(actor(), room, topic, options),
    setRoomAvatar: (room: string, url: string | null, options?: WriteOptions) =>
      rooms.setAvatar(actor(), room, url, options),
    setJoinRule: (room: string, rule: string, options?: WriteOptions) =>
      rooms.setJoinRule(actor(), room, rule, options),
    getPowerLevels: (room: string, options: { ignoreCache?: boolean } = {}) =>
      rooms.getPowerLevels(actor(), room, options.ignoreCache),
    setPowerLevels: (room: string, levels: JsonObject, options?: WriteOptions) =>
      rooms.setPowerLevels(actor(), room, levels, options),
    getPinnedMessages: (room: string) => rooms.getPins(actor(), room),
    setPinnedMessages: (room: string, events: readonly string[], options?: WriteOptions) =>
      rooms.setPins(actor(), room, events, options),
    pinMessage: (room: string, event: string) => rooms.pin(actor(), room, event),
    unpinMessage: (room: string, event: string) => rooms.unpin(actor(), room, event),
    sendStateEvent: (room: string, type: string, content: JsonObject, stateKey = "", options?: WriteOptions) =>
      setState(actor(), room, type, stateKey, content, options),
    /** `undefined` where there is none. */
    getStateEvent: (room: string, type: string, stateKey?: string) => rooms.getState(actor(), room, type, stateKey),
    getState: (room: string) => rooms.getAllState(actor(), room),

    sendMessageEvent: (room: string, type: string, content: JsonObject, options: SendOptions = {}) =>
      sendEvent(actor(options.txnId), room, type, content, options),
    sendText: (room: string, text: string | undefined, options?: messages.TextOptions & SendOptions) =>
      messages.sendText(actor(options?.txnId), room, "m.text", text, options),
    sendNotice: (room: string, text: string | undefined, options?: messages.TextOptions & SendOptions) =>
      messages.sendText(actor(options?.txnId), room, "m.notice", text, options),
    sendEmote: (room: string, text: string | undefined, options?: messages.TextOptions & SendOptions) =>
      messages.sendText(actor(options?.txnId), room, "m.emote", text, options),
    sendFile: (room: string, uri: string, options?: messages.FileOptions & SendOptions) =>
      messages.sendFile(actor(options?.txnId), room, uri, options),
    /** Null where the user has reacted so already. */
    react: (room: string, event: string, emoji: string, options: SendOptions = {}) =>
      messages.react(actor(options.txnId), room, event, emoji, options),
    redact: (room: string, event: string, reason?: string, options: { readonly txnId?: string } = {}) =>
      redactEvent(actor(options.txnId), room, event, reason),
    markRead: (room: string, event: string) => people.markRead(actor(), room, event),
    sendReceipt: (room: string, event: string, type?: Parameters<typeof people.sendReceipt>[3], thread?: string) =>
      people.sendReceipt(actor(), room, event, type, thread),
    batchSend: (
      room: string,
      prevEventId: string,
      events: readonly messages.BatchEvent[],
      options?: messages.BatchOptions,
    ) => messages.batchSend(actor(), room, prevEventId, events, options),
    getEvent: (room: string, event: string) => messages.getEvent(actor(), room, event),
    getContext: (room: string, event: string, limit?: number) => messages.getContext(actor(), room, event, limit),
    getMessages: (room: string, page?: Parameters<typeof messages.getMessages>[2]) =>
      messages.getMessages(actor(), room, page),

    setPresence: (
      presence: Presence = "online",
      options: { readonly status?: string; readonly ignoreCache?: boolean } = {},
    ) => people.setPresence(actor(), presence, options.status, options.ignoreCache),
    getPresence: (user: string) => people.getPresence(actor(), user),
    /** Default 5 seconds; 0 ends it. */
    setTyping: (room: string, timeoutMs = 5_000) => people.setTyping(actor(), room, timeoutMs),
    getProfile: (user?: string) => people.getProfile(actor(), user),
    setDisplayname: (name: string | null) => people.setProfile(actor(), "displayname", name),
    setAvatarUrl: (url: string | null) => people.setProfile(actor(), "avatar_url", url),
    searchUsers: (term: string, limit?: number) => people.searchUsers(actor(), term, limit),
    uploadMedia: (file: Bytes) => people.uploadMedia(actor(), file),
    downloadMedia: (uri: string) => people.downloadMedia(actor(), uri),
    getJoinedRooms: () => people.getJoinedRooms(actor()),

    /** `override` takes it away from another room. */
    addAlias: (room: string, alias: string, options: { readonly override?: boolean } = {}) =>
      rooms.addAlias(actor(), room, alias, options.override),
    removeAlias: (alias: string) => rooms.removeAlias(actor(), alias),
    resolveAlias: (alias: string) => rooms.resolveAlias(actor(), alias),
    getAliases: (room: string) => rooms.getAliases(actor(), room),
    getVisibility: (room: string) => rooms.getVisibility(actor(), room),
    setVisibility: (room: string, visibility: "public" | "private", network?: string) =>
      rooms.setVisibility(actor(), room, visibility, network),

    whoami: () => people.whoami(actor()),
    /** Milliseconds the homeserver took to call us. */
    ping: (transactionId?: string) => people.ping(actor(), transactionId),
    /** Any call as this user; refusals are errors. */
    request: (method: HttpRequest["method"], path: string, options?: RequestOptions) =>
      request(actor(), method, path, options),
  };
}
