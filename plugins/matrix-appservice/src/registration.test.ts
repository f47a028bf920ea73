import { expect, test } from "vitest";
import { createUserMatch, ghostPrefixOf, serverNameOf } from "./namespaces.ts";
import { checkRegistration } from "./registration-check.ts";
import { anchor, createRegistration, fromYaml, toYaml } from "./registration.ts";

const make = () =>
  createRegistration({
    id: "remote",
    url: "http://127.0.0.1:8471/hooks/matrix/",
    serverName: "hs.example.org",
    bot: "remotebot",
    users: ["_remote_.*"],
    aliases: ["_remote_.*"],
  });

test("a new registration is anchored, escaped, exclusive, unlimited and has two long tokens", () => {
  const made = make();
  expect(made.users).toEqual([{ exclusive: true, regex: "^@_remote_.*:hs\\.example\\.org$" }]);
  expect(made.aliases).toEqual([{ exclusive: true, regex: "^#_remote_.*:hs\\.example\\.org$" }]);
  expect(made.url).toBe("http://127.0.0.1:8471/hooks/matrix");
  expect(made).toMatchObject({ rateLimited: false, receiveEphemeral: true });
  expect(Buffer.from(made.asToken, "base64url").length).toBeGreaterThanOrEqual(32);
  expect(made.asToken).not.toBe(made.hsToken);
  expect(make().asToken).not.toBe(made.asToken);
});

test("alternatives are anchored together", () => {
  const pattern = RegExp(anchor("@", "a|b", "hs.test"));
  expect(pattern.test("@a:hs.test")).toBe(true);
  expect(pattern.test("@b:hs.test")).toBe(true);
  expect(pattern.test("@ab:hs.test")).toBe(false);
  expect(pattern.test("@a:hsxtest")).toBe(false);
});

test("what was made is read back without a finding", () => {
  const made = make();
  const yaml = toYaml(made);
  expect(yaml).toContain("sender_localpart: remotebot");
  expect(yaml).toMatch(/rate_limited: false/);
  expect(fromYaml(yaml)).toEqual({ registration: made, findings: [] });
});

const good = {
  id: "a",
  url: "http://x.test",
  as_token: "a".repeat(40),
  hs_token: "b".repeat(40),
  sender_localpart: "bot",
  rate_limited: false,
  receive_ephemeral: true,
  namespaces: { users: [{ regex: "^@b_.*:hs\\.test$", exclusive: true }] },
};

test.each([
  ["no mapping", [], "fault", /mapping/],
  ["no id", { ...good, id: undefined }, "fault", /id is missing/],
  ["a bar in the id", { ...good, id: "a|b" }, "fault", /\|/],
  ["no as_token", { ...good, as_token: undefined }, "fault", /as_token is missing/],
  ["a number as hs_token", { ...good, hs_token: 5 }, "fault", /hs_token is missing or is no text/],
  ["one token for both", { ...good, hs_token: good.as_token }, "fault", /the same/],
  ["a short token", { ...good, as_token: "abc" }, "warning", /short/],
  ["no sender", { ...good, sender_localpart: "" }, "fault", /sender_localpart is missing/],
  ["a sender that needs encoding", { ...good, sender_localpart: "b/t" }, "fault", /encoding/],
  ["an upper-case sender", { ...good, sender_localpart: "Bot" }, "warning", /lower-case/],
  ["no url", { ...good, url: undefined }, "fault", /url is missing/],
  ["null as url", { ...good, url: null }, "warning", /M_URL_NOT_SET/],
  ["a url that is none", { ...good, url: "bots.test" }, "fault", /http/],
  ["a trailing slash", { ...good, url: "http://x.test/" }, "warning", /slash/],
  ["no namespaces", { ...good, namespaces: undefined }, "fault", /namespaces is missing/],
  ["users that are no list", { ...good, namespaces: { users: {} } }, "fault", /no list/],
  ["no regex", { ...good, namespaces: { users: [{ exclusive: true }] } }, "fault", /no regex/],
  ["no exclusive", { ...good, namespaces: { users: [{ regex: "^@a:hs$" }] } }, "fault", /exclusive/],
  [
    "a regex that is none",
    { ...good, namespaces: { users: [{ regex: "^@(", exclusive: true }] } },
    "fault",
    /regular expression/,
  ],
  [
    "no start anchor",
    { ...good, namespaces: { users: [{ regex: "@a_.*:hs\\.test$", exclusive: true }] } },
    "warning",
    /anchored/,
  ],
  [
    "no end anchor",
    { ...good, namespaces: { users: [{ regex: "^@a_.*:hs\\.test", exclusive: true }] } },
    "warning",
    /anchored/,
  ],
  [
    "an escaped dollar at the end",
    { ...good, namespaces: { users: [{ regex: "^@a_.*:hs\\.test\\$", exclusive: true }] } },
    "warning",
    /anchored/,
  ],
  [
    "a bare dot in the server",
    { ...good, namespaces: { users: [{ regex: "^@a_.*:hs.test$", exclusive: true }] } },
    "warning",
    /unescaped dot/,
  ],
  [
    "no sigil",
    { ...good, namespaces: { aliases: [{ regex: "^a_.*:hs\\.test$", exclusive: true }] } },
    "warning",
    /start with #/,
  ],
  ["no word about limits", { ...good, rate_limited: undefined }, "warning", /rate_limited is not set/],
  ["limits on", { ...good, rate_limited: true }, "warning", /rate_limited is not false/],
  ["no ephemeral events", { ...good, receive_ephemeral: undefined }, "warning", /typing/],
])("finds %s", (_, value, level, text) => {
  const found = checkRegistration(value);
  expect(found.map((finding) => finding.text).join("\n")).toMatch(text);
  expect(found.find((finding) => text.test(finding.text))?.level).toBe(level);
  expect(JSON.stringify(found)).not.toContain(good.as_token);
});

test("a good one has no findings, and text that is no YAML is a fault", () => {
  expect(checkRegistration(good)).toEqual([]);
  expect(fromYaml("a: [").findings[0]?.level).toBe("fault");
  expect(fromYaml("id: 5").registration).toBeUndefined();
});

test("only users of the own server belong to the namespace", () => {
  const match = createUserMatch({ ...make(), users: [{ exclusive: false, regex: "^@.*$" }] }, "hs.example.org");
  expect(match("@anybody:hs.example.org")).toBe(true);
  expect(match("@anybody:other.test")).toBe(false);
  expect(createUserMatch(make(), "hs.example.org")("@remotebot:hs.example.org")).toBe(true);
  expect(createUserMatch(make(), "hs.example.org")("@alice:hs.example.org")).toBe(false);
});

test.each([
  ["^@_remote_.*:hs\\.test$", "_remote_"],
  ["@bot\\.[a-z]+:hs\\.test", "bot."],
  ["^@(?:a|b)_.*:hs\\.test$", ""],
  ["^@xy*:hs\\.test$", "x"],
  ["^@.*:hs\\.test$", ""],
])("fixed beginning of %s", (regex, prefix) => {
  expect(ghostPrefixOf({ ...make(), users: [{ exclusive: true, regex }] })).toBe(prefix);
});

test("the server name is read from the regexes where they agree", () => {
  expect(serverNameOf(make())).toBe("hs.example.org");
  expect(serverNameOf({ ...make(), users: [{ exclusive: true, regex: "^@a_.*:.*$" }] })).toBeUndefined();
  expect(serverNameOf({ ...make(), users: [] })).toBeUndefined();
});
