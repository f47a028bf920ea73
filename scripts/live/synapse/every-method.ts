import type { AppService, Intent } from "../../../plugins/matrix-appservice/src/index.ts";
import type { Human } from "./human.ts";

type Expect = (name: string, work: () => Promise<unknown>, good: (answer: never) => boolean) => Promise<void>;

/** Who does it, in which rooms: `made` is the ghost's own, `room` the person's. */
interface World {
  readonly as: AppService;
  readonly ghost: Intent;
  readonly human: Human;
  readonly room: string;
  readonly made: string;
  /** A message in `made`. */
  readonly event: string;
  /** An uploaded file. */
  readonly uri: string;
}

const id = (answer: string): boolean => answer.startsWith("$");

/** Calls each method of an intent once on the real server; throws with all that went wrong. */
export async function everyMethod(as: AppService, ghost: Intent, human: Human, room: string): Promise<void> {
  const wrong: string[] = [];
  const expect = async (
    name: string,
    work: () => Promise<unknown>,
    good: (answer: never) => boolean,
  ): Promise<void> => {
    try {
      const answer = await work();
      if (!good(answer as never)) wrong.push(`${name} answered ${JSON.stringify(answer)}`);
    } catch (error) {
      wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const made = await ghost.createRoom({ preset: "private_chat", invite: [as.botUserId] });
  const event = await ghost.sendText(made, "hello", { html: "<b>hello</b>", externalUrl: "https://x.test/1" });
  const uri = await ghost.uploadMedia({ body: new Blob(["x"]).stream(), type: "image/png", size: 1, name: "x.png" });

  const world = { as, ghost, human, room, made, event, uri };
  await writing(expect, world);
  await shaping(expect, world);
  await leaving(expect, world);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

async function writing(expect: Expect, { ghost, made, event, uri }: World): Promise<void> {
  await expect(
    "ensureRegistered",
    () => ghost.ensureRegistered(),
    (done) => done === false,
  );
  await expect(
    "whoami",
    () => ghost.whoami(),
    ({ user }: { user: string }) => user === ghost.userId,
  );
  await expect("sendMessageEvent", () => ghost.sendMessageEvent(made, "org.x", { v: 1 }, { timestampMs: 5 }), id);
  await expect(
    "getEvent",
    () => ghost.getEvent(made, event),
    ({ event_id }: { event_id: string }) => event_id === event,
  );
  await expect("sendNotice", () => ghost.sendNotice(made, "n", { replyTo: event }), id);
  await expect("sendEmote", () => ghost.sendEmote(made, "e"), id);
  await expect("sendFile", () => ghost.sendFile(made, uri, { mediaType: "image/png" }), id);
  await expect(
    "downloadMedia",
    async () => (await ghost.downloadMedia(uri)).type,
    (type) => type === "image/png",
  );
  await expect("react", () => ghost.react(made, event, "👍"), id);
  await expect(
    "react again",
    () => ghost.react(made, event, "👍"),
    (answer) => answer === null,
  );
  await expect(
    "markRead",
    () => ghost.markRead(made, event),
    (sent) => sent === true,
  );
  await expect(
    "sendReceipt",
    () => ghost.sendReceipt(made, event),
    () => true,
  );
  await expect(
    "setTyping",
    () => ghost.setTyping(made),
    () => true,
  );
  await expect(
    "setPresence",
    () => ghost.setPresence("online", { status: "s" }),
    (sent) => sent === true,
  );
  await expect(
    "getPresence",
    () => ghost.getPresence(ghost.userId),
    ({ presence }: { presence: string }) => presence === "online",
  );
}

async function shaping(expect: Expect, { ghost, human, room, made, event, uri }: World): Promise<void> {
  await expect("setRoomName", () => ghost.setRoomName(made, "n"), id);
  await expect("setRoomTopic", () => ghost.setRoomTopic(made, "t", { timestampMs: 7 }), id);
  await expect("setRoomAvatar", () => ghost.setRoomAvatar(made, uri), id);
  await expect("setJoinRule", () => ghost.setJoinRule(made, "knock"), id);
  await expect("sendStateEvent", () => ghost.sendStateEvent(made, "org.x", { v: 1 }, "k/1"), id);
  await expect(
    "getStateEvent",
    () => ghost.getStateEvent(made, "org.x", "k/1"),
    ({ v }: { v: number }) => v === 1,
  );
  await expect(
    "getState",
    () => ghost.getState(made),
    ({ length }: unknown[]) => length > 5,
  );
  await expect(
    "getPowerLevels",
    () => ghost.getPowerLevels(made),
    ({ ban }: { ban: number }) => ban === 50,
  );
  const levels = await ghost.getPowerLevels(made);
  await expect("setPowerLevels", () => ghost.setPowerLevels(made, { ...levels, invite: 10 }), id);
  await expect(
    "pinMessage",
    () => Promise.all([ghost.pinMessage(made, event), ghost.pinMessage(made, "$b")]),
    ([a, b]: boolean[]) => a === true && b === true,
  );
  await expect(
    "unpinMessage",
    () => ghost.unpinMessage(made, "$b"),
    (done) => done === true,
  );
  await expect(
    "getPinnedMessages",
    () => ghost.getPinnedMessages(made),
    (pins: string[]) => pins.join() === event,
  );
  await expect("setPinnedMessages", () => ghost.setPinnedMessages(made, []), id);
  await expect(
    "inviteUser",
    () => ghost.inviteUser(made, human.userId, { extraContent: { note: 1 } }),
    (done) => done === true,
  );
  await expect(
    "kickUser",
    () => ghost.kickUser(made, human.userId, "r"),
    () => true,
  );
  await expect(
    "banUser",
    () => ghost.banUser(made, human.userId),
    () => true,
  );
  await expect(
    "unbanUser",
    () => ghost.unbanUser(made, human.userId),
    (done) => done === true,
  );
  await expect(
    "unbanUser again",
    () => ghost.unbanUser(made, human.userId),
    (done) => done === false,
  );
  await expect(
    "getRoomMembers",
    () => ghost.getRoomMembers(room),
    ({ length }: unknown[]) => length === 3,
  );
  await expect(
    "getRoomDisplayname",
    () => ghost.getRoomDisplayname(room, human.userId),
    (name) => name === human.userId.slice(1, human.userId.indexOf(":")),
  );
  await expect(
    "getRoomAvatarUrl",
    () => ghost.getRoomAvatarUrl(room, human.userId),
    (url) => url === null,
  );
  await expect(
    "getContext",
    () => ghost.getContext(made, event),
    ({ before }: { before: unknown[] }) => before.length > 0,
  );
  await expect(
    "getMessages",
    () => ghost.getMessages(made, { limit: 2 }),
    ({ events }: { events: unknown[] }) => events.length === 2,
  );
}

async function leaving(expect: Expect, { as, ghost, human, made, event, uri }: World): Promise<void> {
  const alias = `#_bridge_live:${as.serverName}`;
  await expect(
    "addAlias",
    () => ghost.addAlias(made, alias),
    (done) => done === true,
  );
  await expect(
    "addAlias again",
    () => ghost.addAlias(made, alias),
    (done) => done === false,
  );
  await expect(
    "resolveAlias",
    () => ghost.resolveAlias(alias),
    (found) => found === made,
  );
  await expect(
    "getAliases",
    () => ghost.getAliases(made),
    (all: string[]) => all.join() === alias,
  );
  await expect(
    "removeAlias",
    () => ghost.removeAlias(alias),
    (done) => done === true,
  );
  await expect(
    "setVisibility",
    () => ghost.setVisibility(made, "public"),
    () => true,
  );
  await expect(
    "getVisibility",
    () => ghost.getVisibility(made),
    (found) => found === "public",
  );
  await expect(
    "setDisplayname",
    () => ghost.setDisplayname("Forty-two"),
    (done) => done === true,
  );
  await expect(
    "setDisplayname again",
    () => ghost.setDisplayname("Forty-two"),
    (done) => done === false,
  );
  await expect(
    "setAvatarUrl",
    () => ghost.setAvatarUrl(uri),
    (done) => done === true,
  );
  await expect(
    "getProfile",
    () => ghost.getProfile(),
    ({ displayname }: { displayname: string }) => displayname === "Forty-two",
  );
  await expect(
    "searchUsers",
    () => ghost.searchUsers("Forty"),
    () => true,
  );
  await expect(
    "openDirect",
    async () => [await ghost.openDirect(human.userId), await ghost.openDirect(human.userId)],
    ([first, again]: { room: string }[]) => first?.room === again?.room,
  );
  await expect(
    "getJoinedRooms",
    () => ghost.getJoinedRooms(),
    (rooms: string[]) => rooms.includes(made),
  );
  await expect("redact", () => ghost.redact(made, event, "r"), id);
  await expect(
    "batchSend",
    () => ghost.batchSend(made, event, []).catch((error: { code?: string }) => error.code),
    (code) => code === "unsupported",
  );
  await expect(
    "request",
    () => ghost.request("GET", "/_matrix/client/v3/joined_rooms"),
    () => true,
  );
  await expect(
    "ping",
    () => as.botIntent().ping(),
    (ms) => typeof ms === "number",
  );
  await expect("errorAndLeave", () => ghost.errorAndLeave(made, "bye"), id);
  await expect(
    "forgetRoom",
    () => ghost.forgetRoom(made),
    () => true,
  );
  // Nobody is left in there: Synapse then knows no server that could let the ghost in.
  await expect(
    "joinRoom",
    () => ghost.joinRoom(made).catch((error: { code?: string }) => error.code),
    (code) => code === "not_found" || code === "forbidden",
  );
}
