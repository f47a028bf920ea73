import { beforeAll, describe, expect, test } from "vitest";
import { recordings } from "./recordings.ts";
import { replay, type Differences } from "./replayer.ts";

/** What the simulator does not answer as the recorded server did, and why. Everything else must match. */
const notAnswered: Readonly<Record<string, string>> = {
  "001-capabilities-user": "only what a bot manager reads is kept of the capabilities",
  "002-capabilities-anonymous": "only what a bot manager reads is kept of the capabilities",
  "301-capabilities-shows-bruteforce-delay": "only what a bot manager reads is kept of the capabilities",
  "033-occ-list": "the table for people is not drawn; JSON is",
  "431-cloud-user": "only id, name and groups are kept of a user",
  "432-cloud-user-admin": "only id, name and groups are kept of a user",
  "494-participant-add-federated": "there is no second server",
  "495-webhook-federated-user-invited": "there is no second server",
  "496-webhook-federated-user-accepted": "there is no second server",
  "497-webhook-federated-message": "there is no second server",
  "498-chat-mention-federated": "there is no second server",
  "499-webhook-mention-federated": "there is no second server",
  "501-federated-room-bot-list": "there is no second server",
  "502-federated-room-bot-enable": "there is no second server",
  "503-occ-setup-federated-room": "there is no second server",
  "505-federated-chat-history": "there is no second server",
  "506-federated-reaction-add": "there is no second server",
  "507-webhook-federated-reaction": "there is no second server",
};

const names = recordings.map(({ name }) => name);

describe("the simulator answers what a real Nextcloud answered", () => {
  let done: Differences;
  beforeAll(async () => {
    done = await replay();
  });

  test.each(names.filter((name) => !(name in notAnswered)))("%s", (name) => {
    expect(done.has(name)).toBe(true);
    expect(done.get(name)).toBeUndefined();
  });

  test("what it cannot answer is listed by name, and nothing else", () => {
    const different = [...done].filter(([, difference]) => difference !== undefined).map(([name]) => name);
    expect(different.sort()).toEqual(Object.keys(notAnswered).sort());
  });
});
