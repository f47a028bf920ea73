import { shapeDifference, testRecordings } from "@botyard/testing";
import { describe, expect, test } from "vitest";
import { BotyardError } from "@botyard/sdk";
import { decodeEvent, isEvent, readFrame, type FrameContext } from "../src/frames.ts";
import { toError } from "../src/request.ts";
import { addPost, addToken, addUser } from "../src/simulator/index.ts";
import { inner, isFields, type WireEvent } from "../src/wire.ts";
import { mattermostPlace } from "./place.ts";
import { frames, replayOptions } from "./recordings.ts";

/** What the simulator does not answer as the recorded server did. Everything else must match. */
const notAnswered = {
  "003-config-client-anonymous": "of the configuration only what the plugin reads is kept",
  "004-config-client-old-anonymous": "of the configuration only what the plugin reads is kept",
  "005-config-client-format-other": "of the configuration only what the plugin reads is kept",
  "006-license-client-anonymous": "licences are not kept",
  "007-license-client-no-format": "licences are not kept",
  "017-login-ok": "failed logins are not counted",
  "021-ping-server-status-admin": "administrators are not told more by the ping",
  "022-config-client-authenticated": "of the configuration only what the plugin reads is kept",
  "027-config-patch-cut": "the whole configuration is not kept",
  "173-bot-get-304-computed-etag": "entity tags are not compared",
  "174-bot-create-413-body-over-limit": "its body is cut in the recording",
  "179-image-set-png": "the recorded picture is a form with bytes that the replay does not send",
  "181-image-get-304": "entity tags are not compared",
  "186-image-set-27-megapixels-slow": "the recorded picture is a form with bytes that the replay does not send",
  "191-image-default": "the default picture has no address of its own",
  "197-user-to-bot-old-pat-works": "a converted account keeps a field of its former life there",
  "208-bot-to-user": "the answer still calls the account a bot there",
  "213-bot-to-user-set-system-admin": "the answer still calls the account a bot there",
  "223-users-by-username": "the recorded picture is a form with bytes that the replay does not send",
  "224-users-by-usernames": "the plugin does not use this call",
  "225-users-by-ids": "the recorded picture is a form with bytes that the replay does not send",
  "229-users-patch-bot": "the plugin does not use this call",
  "231-users-sessions-revoke-all": "the plugin does not use this call",
  "232-token-works-after-sessions-revoked": "the recorded picture is a form with bytes that the replay does not send",
  "237-roles-patch-system-user": "roles are not changed, only given",
  "238-roles-patch-grant-create-bot": "roles are not changed, only given",
  "254-team-member-batch": "the plugin does not use this call",
  "255-team-member-batch-graceful": "the plugin does not use this call",
  "256-team-member-batch-not-graceful-404": "the plugin does not use this call",
  "274-channel-search": "the plugin does not use this call",
  "307-post-props-290kb-accepted": "its body is cut in the recording",
  "308-post-413": "its body is cut in the recording",
  "313-post-get-public-channel-not-member": "the post was made between two recordings",
  "314-post-thread": "the plugin does not use this call",
  "321-post-put-whole": "the plugin does not use this call",
  "322-post-put-err-id-mismatch": "the plugin does not use this call",
  "323-post-edit-history": "the plugin does not use this call",
  "325-post-pinned-list": "its fields are named by ids, which differ",
  "329-post-delete": "the post was made between two recordings",
  "332-post-get-deleted-admin": "the post was made between two recordings",
  "334-channel-posts-page": "its fields are named by ids, which differ",
  "335-channel-posts-since": "its fields are named by ids, which differ",
  "336-channel-posts-after": "its fields are named by ids, which differ",
  "337-channel-posts-before": "its fields are named by ids, which differ",
  "339-posts-by-ids": "the plugin does not use this call",
  "340-posts-search": "the plugin does not use this call",
  "341-posts-unread": "the plugin does not use this call",
  "342-channel-view": "its fields are named by ids, which differ",
  "356-file-upload-multipart": "the recorded picture is a form with bytes that the replay does not send",
  "360-post-with-files": "the recorded picture is a form with bytes that the replay does not send",
  "365-file-get-info": "the recorded picture is a form with bytes that the replay does not send",
  "366-file-get-thumbnail": "the plugin does not use this call",
  "369-post-files-info": "the plugin does not use this call",
  "370-upload-session-create": "the plugin does not use this call",
  "371-upload-session-part-err-too-small": "the plugin does not use this call",
  "372-upload-session-get": "the plugin does not use this call",
  "373-upload-session-part-err-too-small-again": "the plugin does not use this call",
  "393-status-by-ids": "the plugin does not use this call",
  "399-bot-config-client": "of the configuration only what the plugin reads is kept",
  "401-emoji-system-name-get-404": "the plugin does not use this call",
  "419-command-response-url-post": "the id of the answer was given in a request that is not replayed",
  "426-command-update": "the plugin does not use this call",
  "436-action-do-select": "the post with these actions was made between two recordings",
  "438-action-do-integration-down": "the post with these actions was made between two recordings",
  "439-action-do-integration-503": "the post with these actions was made between two recordings",
  "440-action-do-by-bot": "the post with these actions was made between two recordings",
  "441-action-do-for-dialog": "the post with these actions was made between two recordings",
  "461-hook-out-regen-token": "the plugin does not use this call",
  "462-hook-out-update-form": "the plugin does not use this call",
  "479-websocket-plain-get-400": "the simulator takes WebSockets at a listener of its own",
  "535-image-set-err-35-megapixels": "the recorded picture is a form with bytes that the replay does not send",
  "538-roles-by-names": "of the roles only what the plugin asks for is kept",
  "539-users-list-in-team": "the bots in it were described in calls that are not replayed",
  "540-users-search": "the recorded picture is a form with bytes that the replay does not send",
  "541-users-autocomplete": "the plugin does not use this call",
  "542-channel-stats": "the plugin does not use this call",
  "543-threads-list": "the plugin does not use this call",
  "544-thread-follow": "the plugin does not use this call",
  "573-upload-session-create-8": "the plugin does not use this call",
  "574-emoji-create-by-bot": "the plugin does not use this call",
  "575-users-by-ids-since": "the plugin does not use this call",
  "603-users-sessions-of-bot-last-activity": "of a session only what the plugin reads is kept",
  "610-ratelimit-headers-0": "the recorded picture is a form with bytes that the replay does not send",
  "611-ratelimit-headers-1": "the recorded picture is a form with bytes that the replay does not send",
  "612-ratelimit-headers-2": "the recorded picture is a form with bytes that the replay does not send",
  "617-ratelimit-after-waiting": "the recorded picture is a form with bytes that the replay does not send",
  "639-bots-off-existing-bot-works": "the recorded picture is a form with bytes that the replay does not send",
  "644-pats-off-bot-token-works": "the recorded picture is a form with bytes that the replay does not send",
  "652-bot-list-many-page0-200": "some of its bots were made between two recordings, with names of their own",
};

testRecordings("the simulator answers what Mattermost 11.1.0 answered", replayOptions(), notAnswered);

test("recorded refusals become errors by status and id, without the server's own text", () => {
  for (const { name, request, response } of replayOptions().recordings) {
    if (response.status < 400 || !isFields(response.json)) continue;
    const error = toError(request.method as "GET", {
      status: response.status,
      headers: {},
      json: response.json,
      text: "",
    });
    expect(error, name).toBeInstanceOf(BotyardError);
    expect(error.details.upstream).toEqual({ status: response.status, code: response.json["id"] });
    expect(error.message, name).not.toContain(String(response.json["message"]));
    if (response.status < 500) expect(error.effect, name).toBe("none");
  }
});

const recorded = [
  "480-ws-bot-full-session",
  "504-ws-resume-small-gap-2",
  "518-ws-resume-future-seq-2",
  "529-ws-bot-disabled-deaf-socket",
  "531-ws-private-channel-membership",
].flatMap((name) => frames(name));

const events = recorded.flatMap(({ dir, frame }): WireEvent[] => {
  const read = dir === "in" && frame ? readFrame(JSON.stringify(frame)) : null;
  return read !== null && isEvent(read) ? [read] : [];
});

const context: FrameContext = {
  self: "ob5o1i1kkfrt5c1z9g4ch5f7ko",
  names: { room: () => undefined, user: () => undefined, author: () => undefined },
  teamName: () => "yard",
  now: 0,
  connectionId: "c",
};

describe("recorded frames", () => {
  test("all are understood: none becomes platform.unknown", () => {
    expect(events.length).toBeGreaterThan(60);
    for (const event of events) expect(decodeEvent(event, context)?.type, event.event).not.toBe("platform.unknown");
  });

  test("messages are told from what the server writes itself", () => {
    const types = events.flatMap((event) => decodeEvent(event, context)?.type ?? []);
    const count = Object.fromEntries([...Map.groupBy(types, (type) => type)].map(([type, all]) => [type, all.length]));
    expect(count).toMatchObject({
      "message.updated": 2,
      "message.deleted": 1,
      "reaction.added": 1,
      "reaction.removed": 1,
    });
    expect(count["member.joined"]).toBeGreaterThanOrEqual(5);
    expect(count["member.kicked"]).toBeGreaterThanOrEqual(3);
    expect(count["room.deleted"]).toBe(2);
  });

  test("the simulator's frames have the same shape", async () => {
    const heard: WireEvent[] = [];
    const place = await mattermostPlace();
    const { sim } = place;
    const bot = addUser(sim.world, { username: "listener" });
    const { token } = addToken(sim.world, bot.id, "t");
    const ask = (method: string, path: string, body: unknown, as = place.alice.token): Promise<Response> =>
      sim.fetch(
        new Request(`http://x/api/v4${path}`, {
          method,
          headers: { authorization: `Bearer ${as}` },
          ...(body ? { body: JSON.stringify(body) } : {}),
        }),
      );
    const kept = sim.world.tokens.get(token);
    if (!kept) throw new Error("no token");
    sim.hub.open(kept, new URLSearchParams(), {
      send: (text) => heard.push(readFrame(text) as WireEvent),
      cut: () => {},
      close: () => {},
      waiting: () => 0,
    });
    await ask("POST", `/teams/${place.team}/members`, { team_id: place.team, user_id: bot.id });
    await ask("POST", `/channels/${place.room}/members`, { user_id: bot.id });
    const channel = sim.world.channels.get(place.room);
    const alice = sim.world.users.get(place.alice.id);
    if (!channel || !alice) throw new Error("no channel");
    const { id } = addPost(sim.world, channel, alice, { message: "hi" });
    await ask("PUT", `/posts/${id}/patch`, { message: "hi!" });
    await ask("POST", "/reactions", { user_id: alice.id, post_id: id, emoji_name: "eyes" });
    await ask("DELETE", `/users/me/posts/${id}/reactions/eyes`, null);
    await ask("POST", "/users/me/typing", { channel_id: place.room });
    await ask("DELETE", `/posts/${id}`, null);
    await ask("POST", "/channels/direct", [alice.id, bot.id]);
    await ask("DELETE", `/channels/${place.room}/members/${bot.id}`, null);
    await place.close?.();
    const open = (event: WireEvent): unknown => ({
      ...event.data,
      ...Object.fromEntries(
        ["post", "reaction", "channel"].flatMap((name) =>
          inner(event.data[name]) ? [[name, inner(event.data[name])]] : [],
        ),
      ),
    });
    const names = [
      "hello",
      "posted",
      "post_edited",
      "post_deleted",
      "reaction_added",
      "reaction_removed",
      "typing",
      "user_added",
      "direct_added",
      "added_to_team",
    ];
    for (const name of names) {
      const wanted = events.filter(({ event }) => event === name);
      const given = heard.filter(({ event }) => event === name);
      expect(given.length, name).toBeGreaterThan(0);
      const fits = given.some((one) => wanted.some((other) => shapeDifference(open(other), open(one)) === null));
      expect(fits, `${name}: ${shapeDifference(open(wanted[0] as WireEvent), open(given[0] as WireEvent))}`).toBe(true);
    }
  });
});
