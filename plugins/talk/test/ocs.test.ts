import { BotyardError } from "@botyard/sdk";
import { afterEach, describe, expect, test } from "vitest";
import { dataOf, failure, readAnswer } from "../src/ocs.ts";
import { isObject } from "../src/wire.ts";
import { openTalk, type Talk } from "./open.ts";
import { isHttp, recordings, type Http } from "./recordings.ts";

const toResponse = ({ response }: Http) => ({
  status: response.status,
  headers: Object.fromEntries(response.headers.map(([name, value]) => [name.toLowerCase(), value])),
  text: response.body,
  json: response.json,
});
const answers = recordings
  .filter(isHttp)
  .filter(({ response, request }) => response.body_cut === undefined && request.url.includes("/ocs/v2.php"));

describe("every recorded answer is understood", () => {
  test.each(answers.map((recording) => [recording.name, recording] as const))("%s", (_, recording) => {
    const answer = readAnswer(toResponse(recording));
    const { status } = recording.response;
    if (status === 304 || status === 405 || status === 412)
      expect(answer.statuscode === null || status === 412).toBe(true);
    else expect(answer.envelope).toBe(true);
    if (status < 400) {
      expect(() => dataOf(answer, [status], { what: "it" })).not.toThrow();
      return;
    }
    const error = failure(answer, { what: "it" });
    expect(error).toBeInstanceOf(BotyardError);
    expect(error.details.upstream?.status).toBe(status);
    expect(error.effect).toBe(status < 500 ? "none" : "unknown");
    // the server's own text stays behind
    if (answer.message.length > 2) expect(error.message).not.toContain(answer.message);
  });
});

const of = (status: number, text: string, headers: Record<string, string> = {}) => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return readAnswer({ status, headers, text, json });
};

test.each<[string, number, string, string]>([
  ["HTML with 200", 200, "<html><body>Log in</body></html>", "upstream"],
  ["an empty 200", 200, "", "upstream"],
  ["JSON that is no envelope", 200, '{"hello":1}', "upstream"],
  ["a redirect", 302, "", "upstream"],
  ["a proxy's 502", 502, "<html>Bad Gateway</html>", "upstream"],
  ["a broken envelope", 200, '{"ocs":', "upstream"],
])("%s is no answer of Talk", (_, status, text, code) => {
  expect(() => dataOf(of(status, text), [200], { what: "it" })).toThrow(expect.objectContaining({ code }));
});

test("maintenance did nothing, and says when to come again", () => {
  const answer = of(503, "<html>maintenance</html>", { "x-nextcloud-maintenance-mode": "1", "retry-after": "120" });
  expect(failure(answer, { what: "it" })).toMatchObject({
    code: "upstream",
    effect: "none",
    details: { retryAfterMs: 120_000 },
  });
  expect(failure(of(503, "Service Unavailable"), { what: "it" }).effect).toBe("unknown");
});

test("XML is read in spite of what was asked for", () => {
  const xml = recordings.filter(isHttp).find(({ number }) => number === 43);
  expect(xml && isObject(xml.response.json)).toBe(false);
  expect(readAnswer(toResponse(xml as Http))).toMatchObject({
    status: 401,
    statuscode: 997,
    message: "Unauthorised",
    envelope: true,
  });
});

describe("through the core", () => {
  let talk: Talk | undefined;
  afterEach(async () => {
    await talk?.world.close();
  });

  test("a server in maintenance is said to be, and nothing is lost", async () => {
    talk = await openTalk();
    const { world, cloud, room } = talk;
    await talk.bot("helper");
    cloud.world.maintenance = true;
    const refusal = await world.refused(
      "upstream",
      "messages.send",
      { room: room.token, as: "helper", text: "x" },
      { deadlineMs: 2_000 },
    );
    expect(refusal).toMatchObject({ effect: "none" });
    expect(refusal.message).toContain("maintenance");
    // for as long as the server asked for nobody knocks again
    expect(
      (await world.refused("rate_limited", "messages.send", { room: room.token, as: "helper", text: "x" })).effect,
    ).toBe("none");
  });

  test("a server that takes less says so for edits too", async () => {
    talk = await openTalk({ reader: true });
    const { world, cloud } = talk;
    cloud.world.maxLength = 1000;
    await world.call("connections.probe", {});
    for (const operation of ["messages.send", "messages.update"])
      expect((await world.capability(operation)).limits).toEqual({ text: { max: 1000, unit: "codepoints" } });
  });

  test("blank and too long texts, and HTML, are refused before anything is sent", async () => {
    talk = await openTalk();
    const { world, room } = talk;
    await talk.bot("helper");
    const before = room.messages.length;
    for (const text of ["", "  \n"])
      expect((await world.refused("invalid", "messages.send", { room: room.token, as: "helper", text })).effect).toBe(
        "none",
      );
    await world.refused("too_large", "messages.send", { room: room.token, as: "helper", text: "🎉".repeat(32_001) });
    await world.refused("unsupported_param", "messages.send", {
      room: room.token,
      as: "helper",
      text: "<b>x</b>",
      format: "html",
    });
    await world.refused("unsupported_param", "messages.send", {
      room: room.token,
      as: "helper",
      text: "x",
      thread: "1",
    });
    await world.refused("not_found", "messages.send", { room: room.token, as: "helper", text: "x", replyTo: "abc" });
    expect(room.messages).toHaveLength(before);
    await world.call("messages.send", { room: room.token, as: "helper", text: "🎉".repeat(32_000) });
    await world.call("messages.send", { room: room.token, as: "helper", text: "  half a pair \ud83c stays a text  " });
    expect(room.messages.at(-1)?.message).toBe("half a pair \ufffd stays a text");
  });
});
