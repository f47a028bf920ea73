import { describe, expect, test } from "vitest";
import type { HttpRequest } from "@botyard/sdk";
import { isAtLeast } from "../src/discovery.ts";
import { createLimits } from "../src/limits.ts";
import { toError } from "../src/errors.ts";
import { createPlaces } from "../src/places.ts";
import { bitsOf, namesOf } from "../src/rules.ts";
import { firstIdAt, isoOf, timeOf } from "../src/ulid.ts";
import { open, refused } from "./session.ts";
import { exchanges } from "./recordings.ts";

const { signal } = new AbortController();
const probe = { level: "passive", signal } as const;

describe("finding the API", () => {
  test("as given, below /api, or where the well-known file says", async () => {
    const given = await open();
    expect((await given.session.probe(probe)).server).toEqual({ name: "Stoat", version: "0.15.1" });
    expect(given.requests[0]).toBe("GET /");
    const below = await open({ api: "https://stoat.test/api" });
    expect((await below.session.probe(probe)).checks.filter(({ state }) => state === "fail")).toEqual([]);
    const other = await open({ api: "https://stoat.test/v2/api" });
    other.sim.fault({
      kind: "answer",
      status: 200,
      body: '{"api":"https://stoat.test/v2/api"}',
      type: "application/json",
      fits: ({ url }) => url.endsWith("/.well-known/stoat"),
    });
    expect((await other.session.probe(probe)).server.version).toBe("0.15.1");
  });

  test("another program at the address is not taken for Stoat; HTML is survived", async () => {
    const { session, sim } = await open();
    sim.fault({ kind: "answer", status: 200, body: "<html>hello</html>", times: 3 });
    const error = await refused(session.probe(probe));
    expect(error.code).toBe("unreachable");
    expect(error.message).toContain("answered 200 without JSON");
    expect(error.details.fix).toContain("botyard connections update home --url");
  });

  test("the origins of gateway and files are named, so that they may be reached", async () => {
    const { session } = await open({ gateway: "wss://events.test/", autumn: "https://files.test/autumn" });
    expect((await session.probe(probe)).origins).toEqual(["https://events.test", "https://files.test"]);
  });

  test("settings outdo what the instance names", async () => {
    const { session } = await open({
      gateway: "ws://10.0.0.7:14703",
      settings: { gateway: "wss://stoat.test/events" },
    });
    expect((await session.probe(probe)).origins).toContain("https://stoat.test");
  });

  test("a gateway that cannot be reached is a failed check with its fix", async () => {
    const { session, host } = await open();
    Object.assign(host, { socket: () => Promise.reject(toError("GET", { status: 502, json: undefined })) });
    const { checks } = await session.probe(probe);
    expect(checks.find(({ name }) => name === "gateway")).toMatchObject({
      state: "fail",
      fix: expect.stringContaining("-o gateway=") as string,
    });
  });

  test("limits are read, not assumed; instances before 0.12 have those of then", async () => {
    const small = await open({ bots: { whileNew: 1, later: 3 } });
    const report = await small.session.probe(probe);
    expect(report.checks.find(({ name }) => name === "bots")?.detail).toBe(
      "0 of 1 bots; this account may own 1 bots while new, 3 later",
    );
    const old = await open({ oauth2: true });
    expect((await old.session.probe(probe)).narrow?.["messages.send"]).toMatchObject({
      limits: { text: { max: 2000, unit: "bytes" } },
    });
  });

  test("without a file server neither files nor icons are offered", async () => {
    const { session } = await open({ files: false });
    const { narrow } = await session.probe(probe);
    expect(narrow?.["files.upload"]).toMatchObject({ support: "none" });
    expect(narrow?.["messages.send"]).not.toMatchObject({ params: expect.arrayContaining(["files"]) as string[] });
  });

  test("versions are numbers", () => {
    expect([
      isAtLeast("0.15.1", "0.9"),
      isAtLeast("0.8.9", "0.12"),
      isAtLeast("0.16", "0.16.0"),
      isAtLeast("1", "0.99"),
    ]).toEqual([true, false, true, true]);
  });
});

describe("rate limits", () => {
  const request = (method: HttpRequest["method"], path: string, session = false): HttpRequest => ({
    method,
    path,
    headers: session ? { "x-session-token": "s" } : { "x-bot-token": "b" },
  });
  const answer = (
    id: string,
    remaining: number,
    status = 200,
  ): { status: number; headers: Record<string, string> } => ({
    status,
    headers: {
      "x-ratelimit-bucket": id,
      "x-ratelimit-remaining": String(remaining),
      "x-ratelimit-reset-after": "9931",
    },
  });

  test("by route and main id; all bots of the host share, a session has its own", () => {
    const { bucket } = createLimits("home");
    expect(bucket(request("POST", "/channels/a/messages"))).toBe(bucket(request("POST", "/channels/a/messages")));
    const all = [
      request("POST", "/channels/a/messages"),
      request("POST", "/channels/b/messages"),
      request("GET", "/channels/a/messages"),
      request("POST", "/channels/a/messages", true),
      request("GET", "/servers/a"),
      request("PATCH", "/users/a"),
      request("GET", "/users/a"),
      request("GET", "/bots/@me", true),
      request("POST", "/attachments"),
      request("GET", "/"),
    ].map(bucket);
    expect(new Set(all).size).toBe(all.length);
    expect(bucket(request("PATCH", "/channels/a/messages/m"))).toBe(bucket(request("GET", "/channels/a")));
  });

  test("the id is 64 bits of text, and joins what the server counts together", () => {
    const { bucket, learn } = createLimits("home");
    const id = "16437408292118821814";
    const [one, two] = [request("GET", "/invites/x"), request("GET", "/users/a")];
    expect(learn(one, answer(id, 7))).toEqual({ bucket: `host #${id}`, remaining: 7, resetMs: 9931 });
    learn(two, answer(id, 6));
    expect(bucket(one)).toBe(bucket(two));
    expect(learn(one, { status: 200, headers: {} })).toBeNull();
  });

  test("slow mode is a 429 of one channel, and holds nobody else back", () => {
    const { learn } = createLimits("home");
    const sent = request("POST", "/channels/a/messages");
    expect(learn(sent, answer("1", 7, 429))).not.toHaveProperty("pauseMs");
    expect(learn(sent, answer("1", 0, 429))).toMatchObject({ pauseMs: 9931 });
  });

  test("every recorded answer of the API tells its bucket", () => {
    const { learn } = createLimits("home");
    for (const { request: asked, response } of exchanges.filter(({ request: { url } }) => !url.includes(":14704/"))) {
      const headers = Object.fromEntries(response.headers.map(([name, value]) => [name.toLowerCase(), value]));
      const method = asked.method as "GET";
      if (headers["x-ratelimit-bucket"] === undefined) continue;
      expect(learn({ method, path: new URL(asked.url).pathname }, { status: response.status, headers })).not.toBeNull();
    }
  });
});

describe("small parts", () => {
  test("ids hold their time", () => {
    const ms = Date.parse("2026-11-20T09:39:16.820Z");
    expect(timeOf(firstIdAt(ms))).toBe(ms);
    expect(isoOf("01M7W5650HPAB1QWZV9QWCD44B", 0)).toMatch(/^2026-11-20T09:39:16/);
    expect(timeOf("nope")).toBeUndefined();
  });

  test("permissions beyond 32 bits go out and come back", () => {
    expect(bitsOf(["ViewAuditLogs", "ManageChannel", "ManageChannel"])).toBe(2 ** 40 + 1);
    expect(namesOf(2 ** 40 + 1)).toEqual(["ManageChannel", "ViewAuditLogs"]);
    expect(bitsOf(namesOf(77_014_766_592))).toBe(77_014_766_592);
  });

  test("two rooms of one name have no handle, a room of any script has one", () => {
    const places = createPlaces();
    const server = { _id: "s", owner: "o", name: "Община", channels: ["a", "b", "c"] };
    const channel = (_id: string, name: string): object => ({ channel_type: "TextChannel", _id, server: "s", name });
    places.load({
      type: "Ready",
      servers: [server],
      channels: [channel("a", "Off Topic"), channel("b", "off topic"), channel("c", "Чат")] as never[],
    });
    expect(places.find("община:чат")).toBe("c");
    expect(places.find("община:off-topic")).toBeNull();
    expect(places.eventRoom("a")).not.toHaveProperty("handle");
    expect(places.eventRoom("c")).toMatchObject({ handle: "община:чат", parent: "s" });
  });
});
