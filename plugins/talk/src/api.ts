import type { Http, HttpRequest } from "@botyard/sdk";
import { randomBytes } from "node:crypto";
import { dataOf, readAnswer, type OcsAnswer } from "./ocs.ts";
import { sign } from "./signature.ts";
import { isObject, listOf, objectOf, textOf, toBot, toMessage, toParticipant, toRoom, toRoomBot } from "./wire.ts";
import type { Json, WireBot, WireMessage, WireParticipant, WireRoom, WireRoomBot } from "./wire.ts";

export interface Auth {
  readonly user: string;
  readonly password: string;
}

/** Whoever makes a call. */
export interface Caller {
  readonly http: Http;
  /** Null: without a login. */
  readonly auth: Auth | null;
  readonly signal: AbortSignal;
}

const spreed = "/ocs/v2.php/apps/spreed/api";
const part = encodeURIComponent;

function basic({ user, password }: Auth): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

/** One OCS call. Without `OCS-APIRequest` Nextcloud answers 412, without `Accept` in XML. */
export async function ocs({ http, auth, signal }: Caller, request: Omit<HttpRequest, "signal">): Promise<OcsAnswer> {
  const headers = {
    "ocs-apirequest": "true",
    accept: "application/json",
    ...(auth ? { authorization: basic(auth) } : {}),
    ...request.headers,
  };
  return readAnswer(await http.request({ ...request, headers, signal }));
}

/** @see https://nextcloud-talk.readthedocs.io/en/stable/capabilities/ (no login needed) */
export async function capabilities(on: Caller): Promise<{ readonly version: Json; readonly capabilities: Json }> {
  const answer = await ocs(on, { method: "GET", path: "/ocs/v2.php/cloud/capabilities" });
  const data = objectOf(dataOf(answer, [200], { what: "read the capabilities", effect: "none" }));
  return { version: objectOf(data["version"]), capabilities: objectOf(data["capabilities"]) };
}

export interface WhoAmI {
  readonly id: string;
  readonly admin: boolean;
}

export async function whoami(on: Caller): Promise<WhoAmI> {
  const answer = await ocs(on, { method: "GET", path: "/ocs/v2.php/cloud/user" });
  const data = objectOf(dataOf(answer, [200], { what: "ask who is signed in", effect: "none" }));
  const groups = Array.isArray(data["groups"]) ? data["groups"] : [];
  return { id: textOf(data["id"]), admin: groups.includes("admin") };
}

/** Needs an administrator. @see https://nextcloud-talk.readthedocs.io/en/stable/bot-management/ */
export async function adminBots(on: Caller): Promise<readonly WireBot[]> {
  const answer = await ocs(on, { method: "GET", path: `${spreed}/v1/bot/admin` });
  return listOf(dataOf(answer, [200], { what: "list the server's bots", effect: "none" })).map(toBot);
}

/** Needs a moderator of the room. Every status is an answer: the caller tells what it means. */
export function roomBots(on: Caller, token: string): Promise<OcsAnswer> {
  return ocs(on, { method: "GET", path: `${spreed}/v1/bot/${part(token)}` });
}

export function toRoomBots(answer: OcsAnswer): readonly WireRoomBot[] {
  return listOf(answer.data).map(toRoomBot);
}

export function enableBot(on: Caller, token: string, id: number): Promise<OcsAnswer> {
  return ocs(on, { method: "POST", path: `${spreed}/v1/bot/${part(token)}/${id}` });
}

/** Answers 200 also for a bot that was not there, and sends it a `Leave` all the same. */
export function disableBot(on: Caller, token: string, id: number): Promise<OcsAnswer> {
  return ocs(on, { method: "DELETE", path: `${spreed}/v1/bot/${part(token)}/${id}` });
}

/** The server sleeps up to 25 s before and after a call it dislikes. */
const botTimeoutMs = 60_000;

/**
 * A call signed by a bot: over `random + signed`, where `signed` is the message text, the emoji or the token.
 *
 * @see https://nextcloud-talk.readthedocs.io/en/stable/bots/
 */
export function botCall(
  on: Omit<Caller, "auth">,
  secret: string,
  signed: string,
  request: Pick<HttpRequest, "method" | "path" | "query" | "json">,
): Promise<OcsAnswer> {
  const random = randomBytes(32).toString("hex");
  return ocs(
    { ...on, auth: null },
    {
      ...request,
      timeoutMs: botTimeoutMs,
      headers: {
        "x-nextcloud-talk-bot-random": random,
        "x-nextcloud-talk-bot-signature": sign(secret, random, signed),
      },
    },
  );
}

export const botPath = (token: string): string => `${spreed}/v1/bot/${part(token)}`;

export async function rooms(on: Caller): Promise<readonly WireRoom[]> {
  const query = { noStatusUpdate: 1, includeLastMessage: "false" };
  const answer = await ocs(on, { method: "GET", path: `${spreed}/v4/room`, query });
  return listOf(dataOf(answer, [200], { what: "list the rooms", effect: "none" })).map(toRoom);
}

/** An unknown token counts against this address: ask only for tokens that came from the server. */
export async function room(on: Caller, token: string): Promise<WireRoom> {
  const answer = await ocs(on, { method: "GET", path: `${spreed}/v4/room/${part(token)}` });
  return toRoom(objectOf(dataOf(answer, [200], { what: "read the room", effect: "none" })));
}

export async function createRoom(on: Caller, json: Json): Promise<WireRoom> {
  const answer = await ocs(on, { method: "POST", path: `${spreed}/v4/room`, json });
  return toRoom(objectOf(dataOf(answer, [200, 201], { what: "make the room" })));
}

export async function changeRoom(
  on: Caller,
  token: string,
  what: "name" | "description",
  text: string,
): Promise<WireRoom> {
  const path = `${spreed}/v4/room/${part(token)}${what === "name" ? "" : "/description"}`;
  const json = what === "name" ? { roomName: text } : { description: text };
  const answer = await ocs(on, { method: "PUT", path, json });
  return toRoom(objectOf(dataOf(answer, [200], { what: `change the room's ${what}` })));
}

export async function participants(on: Caller, token: string): Promise<readonly WireParticipant[]> {
  const answer = await ocs(on, { method: "GET", path: `${spreed}/v4/room/${part(token)}/participants` });
  return listOf(dataOf(answer, [200], { what: "list the people of the room", effect: "none" })).map(toParticipant);
}

export async function addParticipant(on: Caller, token: string, source: string, id: string): Promise<void> {
  const json = { newParticipant: id, source };
  const answer = await ocs(on, { method: "POST", path: `${spreed}/v4/room/${part(token)}/participants`, json });
  dataOf(answer, [200], { what: "add to the room" });
}

export async function removeAttendee(on: Caller, token: string, attendeeId: number): Promise<void> {
  const request = {
    method: "DELETE",
    path: `${spreed}/v4/room/${part(token)}/attendees`,
    json: { attendeeId },
  } as const;
  dataOf(await ocs(on, request), [200], { what: "remove from the room" });
}

export async function setModerator(on: Caller, token: string, attendeeId: number, moderator: boolean): Promise<void> {
  const path = `${spreed}/v4/room/${part(token)}/moderators`;
  const answer = await ocs(on, { method: moderator ? "POST" : "DELETE", path, json: { attendeeId } });
  dataOf(answer, [200], { what: moderator ? "make a moderator" : "take the moderator's rights" });
}

export interface History {
  readonly messages: readonly WireMessage[];
  /** `lastKnownMessageId` of the next page; null at the end. */
  readonly next: number | null;
}

/** Newest first; a page of at most 200. */
export async function history(on: Caller, token: string, limit: number, before?: number): Promise<History> {
  const query = {
    lookIntoFuture: 0,
    limit: Math.min(limit, 200),
    setReadMarker: 0,
    noStatusUpdate: 1,
    ...(before === undefined ? {} : { lastKnownMessageId: before }),
  };
  const answer = await ocs(on, { method: "GET", path: `${spreed}/v1/chat/${part(token)}`, query });
  const data = dataOf(answer, [200, 304], { what: "read the history", effect: "none" });
  if (answer.status === 304) return { messages: [], next: null };
  const messages = listOf(data).map(toMessage);
  const next = Number(answer.headers["x-chat-last-given"]);
  return {
    messages,
    next: messages.length > 0 && Number.isInteger(next) && next > 0 && next !== before ? next : null,
  };
}

/** A message with its neighbours; null where it is not among them. */
export async function context(on: Caller, token: string, id: string): Promise<WireMessage | null> {
  const path = `${spreed}/v1/chat/${part(token)}/${part(id)}/context`;
  const answer = await ocs(on, { method: "GET", path, query: { limit: 1 } });
  const data = dataOf(answer, [200, 304], { what: "read the message", effect: "none" });
  return (
    listOf(data)
      .map(toMessage)
      .find((message) => String(message.id) === id) ?? null
  );
}

export function sendAsPerson(on: Caller, token: string, json: Json): Promise<OcsAnswer> {
  return ocs(on, { method: "POST", path: `${spreed}/v1/chat/${part(token)}`, json });
}

/** The answer is the system message about it; its parent is the message as it stands now. */
export async function changeMessage(
  on: Caller,
  token: string,
  id: string,
  text: string | null,
): Promise<WireMessage | null> {
  const path = `${spreed}/v1/chat/${part(token)}/${part(id)}`;
  const answer = await ocs(
    on,
    text === null ? { method: "DELETE", path } : { method: "PUT", path, json: { message: text } },
  );
  const what = text === null ? "delete the message" : "change the message";
  const data = dataOf(answer, [200, 202], { what });
  return isObject(data) ? toMessage(data).parent : null;
}

export async function markRead(on: Caller, token: string, lastReadMessage: number): Promise<void> {
  const answer = await ocs(on, {
    method: "POST",
    path: `${spreed}/v1/chat/${part(token)}/read`,
    json: { lastReadMessage },
  });
  dataOf(answer, [200], { what: "mark the room as read" });
}

const reactionPath = (token: string, id: string): string => `${spreed}/v1/reaction/${part(token)}/${part(id)}`;

/** By emoji: who reacted, truly. */
export async function reactions(
  on: Caller,
  token: string,
  id: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const answer = await ocs(on, { method: "GET", path: reactionPath(token, id) });
  const data = objectOf(dataOf(answer, [200], { what: "list the reactions", effect: "none" }));
  const who = (value: unknown): string[] =>
    listOf(value).map(({ actorType, actorId }) => `${textOf(actorType)}/${textOf(actorId)}`);
  return new Map(Object.entries(data).map(([emoji, by]) => [emoji, who(by)]));
}

export function reactAsPerson(on: Caller, token: string, id: string, emoji: string, add: boolean): Promise<OcsAnswer> {
  const path = reactionPath(token, id);
  return add
    ? ocs(on, { method: "POST", path, json: { reaction: emoji } })
    : ocs(on, { method: "DELETE", path, query: { reaction: emoji } });
}

/** Puts a file into a person's files; never over one that is there. */
export function putFile(on: Caller, path: string, body: ReadableStream<Uint8Array>, type: string): Promise<OcsAnswer> {
  const below = path.split("/").map(part).join("/");
  return ocs(on, {
    method: "PUT",
    path: `/remote.php/dav/files/${below}`,
    headers: { "content-type": type, "if-none-match": "*" },
    body,
    timeoutMs: 300_000,
  });
}

/** Shares a file of the account with a room: that is how it appears there. */
export async function shareFile(on: Caller, token: string, path: string, caption: string): Promise<Json> {
  const json = {
    shareType: 10,
    shareWith: token,
    path,
    ...(caption === "" ? {} : { talkMetaData: JSON.stringify({ caption }) }),
  };
  const answer = await ocs(on, { method: "POST", path: "/ocs/v2.php/apps/files_sharing/api/v1/shares", json });
  return objectOf(dataOf(answer, [200], { what: "share the file" }));
}
