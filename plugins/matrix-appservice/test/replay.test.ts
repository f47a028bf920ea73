import { beforeAll, describe, expect, test } from "vitest";
import { BotyardError } from "@botyard/sdk";
import { decodeEvent } from "../src/decode.ts";
import { createHomeserver } from "../src/simulator/index.ts";
import { readTransaction } from "../src/transactions.ts";
import { isObject, objectOf } from "../src/wire.ts";
import { isInward, isOutward, recordings, registrations } from "./recordings.ts";
import { replay, shapeOf, type Replay } from "./replayer.ts";

/** What the simulator does not answer as the recorded server did, and why. Everything else must match. */
const notAnswered: Readonly<Record<string, string>> = {
  "001-versions": "its list of unstable features is not kept",
  "002-versions-with-as-token": "its list of unstable features is not kept",
  "003-capabilities": "only room versions and the password capability are kept",
  "454-messages-b": "two quick profile changes became one membership event there, by chance",
  "455-messages-b-next": "two quick profile changes became one membership event there, by chance",
  "351-read-markers-ghost": "its event was seen in a push only, so that no answer tells what it is called here",
  "405-media-download-not-yet": "its media id was made outside of the recordings",
  "461-context": "the two profile changes of 454 make another event the next one",
  "465-sync-ghost": "only what a person in a test needs of sync is kept",
  "057-device-create-msc4190": "this plugin does not use it",
  "058-device-create-msc4190-flag": "this plugin does not use it",
  "404-media-thumbnail": "this plugin does not use it",
  "463-timestamp-to-event": "this plugin does not use it",
  "464-hierarchy": "this plugin does not use it",
  "469-room-tags-put": "this plugin does not use it",
  "470-filter-create": "this plugin does not use it",
  "471-to-device-send": "this plugin does not use it",
  "479-upgrade-room": "this plugin does not use it",
  "590-ghost-login-token-logout": "this plugin does not use it",
  "591-ghost-logout-all": "this plugin does not use it",
  "593-ghost-password-change": "this plugin does not use it",
  "594-ghost-devices": "this plugin does not use it",
  "595-ghost-3pid": "this plugin does not use it",
  "596-ghost-pushers": "this plugin does not use it",
  "597-openid-token": "this plugin does not use it",
  "598-turn-server": "this plugin does not use it",
  "599-notifications": "this plugin does not use it",
  "601-room-summary": "this plugin does not use it",
  "603-threads": "this plugin does not use it",
  "604-report-event": "this plugin does not use it",
  "605-delayed-event-off": "this plugin does not use it",
  "553-member-put-only-membership": "its room was made outside of the recordings",
  "555-member-put-room-name": "its room was made outside of the recordings",
  "557-member-put-only-membership-2": "its room was made outside of the recordings",
  "559-member-put-null-name": "its room was made outside of the recordings",
  "561-member-put-empty-name": "its room was made outside of the recordings",
  "563-join-again-with-room-profile": "its room was made outside of the recordings",
};

const outward = recordings
  .filter((recording) => isOutward(recording) && recording.server === undefined)
  .map(({ name }) => name);
const inward = recordings.filter(isInward);

describe("the simulator answers what a real Synapse answered", () => {
  let done: Replay;
  beforeAll(async () => {
    done = await replay();
  });

  test.each(outward.filter((name) => !(name in notAnswered)))("%s", (name) => {
    expect(done.differences.has(name)).toBe(true);
    expect(done.differences.get(name)).toBeUndefined();
  });

  test("what it cannot answer is listed by name, and nothing else", () => {
    const different = [...done.differences].filter(([, difference]) => difference !== undefined).map(([name]) => name);
    expect(different.sort()).toEqual(Object.keys(notAnswered).sort());
  });

  test.each(["609-ratelimit-ghost-message-429", "616-ratelimit-presence-429"])("limits look like %s", async (name) => {
    const recording = recordings.filter(isOutward).find((found) => found.name === name);
    const retryAfter = recording?.response.headers.some(([header]) => header === "Retry-After");
    const hs = createHomeserver({ serverName: "hs.test", registration: registrations });
    hs.faults.add({ kind: "limit", retryAfterMs: 4157, header: retryAfter ?? false });
    const response = await hs.fetch(new Request("http://hs.test/_matrix/client/versions"));
    expect(response.status).toBe(recording?.response.status);
    expect(response.headers.has("retry-after")).toBe(retryAfter);
    expect(shapeOf(await response.json())).toEqual(shapeOf(recording?.response.json));
  });
});

describe("everything the homeserver pushed can be read", () => {
  const transactions = inward.filter(({ request }) => request.path.includes("/transactions/"));

  test.each(transactions.map((recording) => [recording.name, recording] as const))("%s", (_, { request }) => {
    const { events, odd } = readTransaction("1", objectOf(request.json));
    expect(odd).toEqual([]);
    expect(events.length).toBe((objectOf(request.json)["events"] as unknown[]).length);
    for (const event of events) {
      const decoded = decodeEvent(event);
      expect(decoded.key.id).toBe(event.event_id);
      expect(decoded.room.id).toBe(event.room_id);
      expect(Date.parse(decoded.time)).toBe(event.origin_server_ts);
    }
  });

  test("each retry has the key of its first attempt, unless only ephemeral parts were sent", () => {
    const tries = transactions
      .filter(({ name }) => /^5[0-4]\d-push-(?:retry|answered|wrong|batch)/.test(name))
      .filter(({ request }) => (objectOf(request.json)["events"] as unknown[]).length > 0);
    const keys = Map.groupBy(tries, ({ request }) => request.path);
    for (const [path, group] of keys) {
      const found = new Set(group.map(({ request }) => readTransaction(path, objectOf(request.json)).key));
      expect(found.size).toBe(1);
    }
    expect([...keys.values()].some((group) => group.length > 1)).toBe(true);
  });
});

test("recorded refusals become errors without the server's own text", async () => {
  const { toError } = await import("../src/request.ts");
  for (const { request, response } of recordings.filter(isOutward)) {
    if (response.status < 400 || !isObject(response.json)) continue;
    const error = toError(request.method as "GET", {
      status: response.status,
      headers: {},
      json: response.json,
      text: "",
    });
    expect(error).toBeInstanceOf(BotyardError);
    expect(error.details.upstream?.status).toBe(response.status);
    const said = response.json["error"];
    if (typeof said === "string") expect(error.message).not.toContain(said);
  }
});
