import { beforeAll, describe, expect, test } from "vitest";
import { BotyardError } from "@botyard/sdk";
import { toError } from "../src/errors.ts";
import { bitsOf } from "../src/rules.ts";
import { addPerson, type Simulator } from "../src/simulator/index.ts";
import { makeServer } from "../src/simulator/servers.ts";
import { isObject, objectOf } from "../src/wire.ts";
import { exchanges } from "./recordings.ts";
import {
  createReplay,
  makeBot,
  prepareMore,
  prepareOAuth2,
  prepareRoles,
  prepareSecondFactor,
  type Replay,
} from "./replayer.ts";

const exchange = "the program that logs people in exchanges tokens, Botyard never does";

/** What the simulator does not answer as the recorded servers did, and why. Everything else must match. */
const notAnswered: Readonly<Record<string, string>> = {
  "366-audit-log": "the audit log is not kept",
  "486-oauth2b-token-wrong-secret": exchange,
  "487-oauth2b-token": exchange,
  "488-oauth2b-token-code-twice": exchange,
  "489-oauth2b-token-refresh": exchange,
  "490-oauth2b-token-bad-code": exchange,
  "491-oauth2b-access-users-me": exchange,
  "497-oauth2b-access-after-revoke": exchange,
  "510-more-same-key-at-once-1": "the two were sent at once; which comes first is chance",
  "511-more-same-key-at-once-2": "the two were sent at once; which comes first is chance",
  "543-roles-audit-log": "the audit log is not kept",
};

/** Labels that stand for tokens in the recordings, by the exchange whose answer held the token. */
const labels: Readonly<Record<number, string>> = {
  19: "<session token of alice>",
  33: "<session token of bob>",
  36: "<session token of carol>",
  46: "<token of bot helper>",
  59: "<token of the bot of bob>",
  91: "<second token of bot helper>",
  353: "<third token of bot helper>",
  418: "<second session token of dave>",
  456: "<token of oauthbot>",
};

const second = { inviteOnly: true, webhooks: true, newUserHours: 0, groupSize: 3 } as const;
const first = { inviteOnly: false, webhooks: false, newUserHours: 72, groupSize: 100 } as const;

/** Done between recordings by requests that nobody kept. */
const unrecorded: Readonly<Record<number, (replay: Replay) => void>> = {
  406: ({ sim, learn }) => {
    const dave = addPerson(sim.world, "dave");
    const account = sim.world.accounts.get(dave.id);
    if (account) sim.world.accounts.set(dave.id, { ...account, email: "dave@yard.test", password: "correct-Horse-7" });
    learn("<session token of dave>", dave.token);
  },
  311: ({ sim, learn }) => {
    const file = makeFile(sim.world);
    learn("aTOgCvjWLrnlBBJ2tTj-ATl4M0znFBXWcI7_f_ACb4", file);
  },
  // from here on the requests were not spaced by the limits
  367: ({ sim }) => void (sim.world.options = { ...sim.world.options, rateLimits: true }),
  391: ({ sim }) => void (sim.world.options = { ...sim.world.options, rateLimits: false }),
  418: ({ sim, learn }) => {
    const account = [...sim.world.accounts.values()].find(({ email }) => email === "dave@yard.test");
    const ticket = sim.world.token();
    sim.world.tickets.set(ticket, account?.id ?? "");
    learn("wSlTFWchBasBjxCg9me_cD9_y4OTyOw_OntHRyI5h7lPG70WCha_nrLpWCyqUWf9", ticket);
  },
  431: (replay) => {
    replay.sim.restart(second);
    const plain = replay.given("01M7W5533B11Z67V55X2C5617F");
    replay.learn(`<token of bot ${plain}>`, replay.sim.world.bots.get(plain)?.token ?? "");
  },
  454: ({ sim }) => sim.restart(first),
  547: ({ sim, given }) => {
    const server = sim.world.servers.get(given("01M7W5YGPE3R81YWH21SJ3P253"));
    const _id = sim.world.id();
    server?.roles.set(_id, { _id, name: "managers", permissions: { a: bitsOf(["ManageServer"]), d: 0 }, rank: 0 });
    server?.members.get(given("01M7W5YF5DES0HQ9F9KJG8NMZH"))?.roles.push(_id);
    server?.members.delete(given("01M7W5YGNZ1H1B0DW3T2EVZ190"));
    const bot = sim.world.bots.get(given("01M7W5YGNZ1H1B0DW3T2EVZ190"));
    if (bot) bot.public = true;
  },
};

interface Part {
  readonly from: number;
  readonly to: number;
  readonly replay: Replay;
  readonly prepare?: (replay: Replay) => void;
}

function parts(): readonly Part[] {
  const plain = { rateLimits: false } as const;
  return [
    { from: 1, to: 454, replay: createReplay(plain) },
    { from: 455, to: 501, replay: createReplay({ ...plain, oauth2: true }), prepare: prepareOAuth2 },
    { from: 502, to: 520, replay: createReplay(plain), prepare: prepareMore },
    { from: 521, to: 526, replay: createReplay(plain), prepare: prepareSecondFactor },
    { from: 527, to: 550, replay: createReplay({ ...plain, version: "0.16.0" }), prepare: prepareRoles },
  ];
}

async function replayAll(): Promise<ReadonlyMap<string, string | undefined>> {
  const differences = new Map<string, string | undefined>();
  for (const { from, to, replay, prepare } of parts()) {
    prepare?.(replay);
    for (const exchange of exchanges.filter(({ number }) => number >= from && number <= to)) {
      unrecorded[exchange.number]?.(replay);
      differences.set(exchange.name, await replay.ask(exchange));
      const label = labels[exchange.number];
      const token = objectOf(exchange.response.json)["token"];
      if (label !== undefined && typeof token === "string") replay.learn(label, replay.given(token));
    }
  }
  return differences;
}

describe("the simulator answers what real servers answered", () => {
  let differences: ReadonlyMap<string, string | undefined>;
  beforeAll(async () => {
    differences = await replayAll();
  });

  const names = exchanges.filter(({ number }) => number <= 550).map(({ name }) => name);

  test.each(names.filter((name) => !(name in notAnswered)))("%s", (name) => {
    expect(differences.has(name)).toBe(true);
    expect(differences.get(name)).toBeUndefined();
  });

  test("what it cannot answer is listed by name, and nothing else", () => {
    const different = [...differences].filter(([, difference]) => difference !== undefined).map(([name]) => name);
    expect(different.sort()).toEqual(Object.keys(notAnswered).sort());
  });

  test("an instance before 0.16 ignores permissions of an invitation", async () => {
    const { sim, learn, given, ask } = createReplay({ rateLimits: false });
    const other = addPerson(sim.world, "other");
    const beta = makeBot(sim, other.id, "beta");
    const { server } = makeServer(sim.world, other.id, "weak");
    learn("<session token of the other user>", other.token);
    learn("01M7W5YGNZ1H1B0DW3T2EVZ190", beta.id);
    learn("01M7W5ZEXZJF4STJZ2F1TK9928", server._id);
    for (const exchange of exchanges.filter(({ number }) => number > 550)) expect(await ask(exchange)).toBeUndefined();
    expect(server.members.has(given("01M7W5YGNZ1H1B0DW3T2EVZ190"))).toBe(true);
  });
});

describe("recorded refusals become errors", () => {
  const refusals = exchanges.filter(({ response }) => response.status >= 400);

  test.each(refusals.map((one) => [one.name, one] as const))("%s", (_, { request, response }) => {
    const { status, json, body } = response;
    const error = toError(request.method, { status, json });
    expect(error).toBeInstanceOf(BotyardError);
    expect(error.details.upstream?.status).toBe(status);
    expect(error.message).toMatch(/\.$/);
    expect(error.message).not.toContain("crates/");
    expect(error.details.upstream?.code).toBe(objectOf(json)["type"]);
    if (status === 401 && isObject(json)) expect(["unauthenticated", "upstream"]).toContain(error.code);
    if (status === 404) expect(error.code).toBe(isObject(json) && "type" in json ? "not_found" : "unsupported");
    if (status === 422 && body?.includes("Unprocessable")) expect(error.code).toBe("invalid");
    if (status < 500) expect(error.effect).toBe("none");
  });

  test("slow mode counts seconds, the rate limit milliseconds, and a name change is not tried again", () => {
    const wait = (name: string): number | undefined => {
      const found = exchanges.find((one) => one.name === name);
      return (
        found &&
        toError(found.request.method, { status: found.response.status, json: found.response.json }).details.retryAfterMs
      );
    };
    expect(wait("255-slowmode-second")).toBe(30_000);
    expect(wait("372-ratelimit-bots-me-06")).toBe(6082);
    const renamed = toError("PATCH", { status: 429, json: { type: "DiscriminatorChangeRatelimited", retry_after: 9 } });
    expect(renamed.details.retryAfterMs).toBeUndefined();
  });
});

function makeFile(world: Simulator["world"]): string {
  const _id = world.token().slice(0, 42);
  const metadata = { type: "Text" };
  world.files.set(_id, {
    _id,
    tag: "attachments",
    filename: "t.txt",
    content_type: "plain/text",
    size: 1,
    metadata,
    bytes: Uint8Array.of(1),
    used: false,
  });
  return _id;
}
