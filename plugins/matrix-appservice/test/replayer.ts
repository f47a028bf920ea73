import { addHuman, createHomeserver, type Homeserver } from "../src/simulator/index.ts";
import type { SimEvent } from "../src/simulator/model.ts";
import { isObject, objectOf, textOf, type JsonObject } from "../src/wire.ts";
import { isOutward, recordings, registrations, type Inward, type Outward } from "./recordings.ts";

/** Kinds of JSON values instead of the values: what two answers must agree on. */
export function shapeOf(value: unknown): unknown {
  // Lists of state have no order of their own.
  if (Array.isArray(value)) return value.map(shapeOf).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (!isObject(value)) return value === null ? "null" : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, shapeOf(inner)]),
  );
}

/** Feeds recorded requests to the simulator and notes where its answers differ. */
export interface Replay {
  readonly hs: Homeserver;
  /** By name of the recording; `undefined`: the same status, errcode and shape. */
  readonly differences: ReadonlyMap<string, string | undefined>;
}

const origin = "http://127.0.0.1:8008";
const asToken = registrations[0].asToken;

export async function replay(): Promise<Replay> {
  const main = recordings.filter(({ server }) => server === undefined);
  let at = 0;
  const hs = createHomeserver({
    serverName: "hs.test",
    registration: registrations,
    msc4190: ["second"],
    push: async (request) => answerOf(request),
  });
  const ids = new Map<string, string>();
  const known = new Set<string>();
  const differences = new Map<string, string | undefined>();

  /** What the application service answered when this was recorded. */
  function answerOf(request: Request): Response {
    const path = new URL(request.url).pathname;
    if (path.includes("/transactions/")) return Response.json({});
    const rest = main.slice(at + 1);
    const next = rest.findIndex((recording) => isOutward(recording) && !/during-query/.test(recording.name));
    const asked = rest
      .slice(0, next < 0 ? undefined : next)
      .find(
        (recording): recording is Inward =>
          !isOutward(recording) && path === new URL(recording.request.path, origin).pathname,
      );
    if (asked === undefined) throw new TypeError("connection refused");
    if (asked.answered === null) throw new TypeError("connection reset");
    return new Response(asked.answered === 204 ? null : asked.answered_body, { status: asked.answered });
  }

  const rewrite = (text: string): string => {
    let out = text;
    for (const [from, to] of ids)
      out = out
        .replaceAll(from, to)
        .replaceAll(encodeURIComponent(from).replaceAll("!", "%21"), encodeURIComponent(to));
    return out;
  };

  function learn(recorded: unknown, given: unknown): void {
    if (Array.isArray(recorded) && Array.isArray(given)) recorded.forEach((value, index) => learn(value, given[index]));
    else if (isObject(recorded) && isObject(given))
      for (const [name, value] of Object.entries(recorded)) learn(value, given[name]);
    else if (typeof recorded === "string" && typeof given === "string" && recorded !== given && !ids.has(recorded)) {
      if (/^(?:[!$]|syt_|t\d)/.test(recorded)) ids.set(recorded, given);
      if (recorded.startsWith("mxc://hs.test/")) ids.set(recorded.slice(14), given.slice(14));
    }
  }

  /** Token of a human, by the name that Synapse writes into its tokens. */
  function tokenFor(token: string): string {
    const name = token.startsWith("syt_") ? atob(token.slice(4).split("_")[0] ?? "") : undefined;
    return name === undefined ? token : (ids.get(token) ?? humanToken(`@${name}:hs.test`));
  }

  function humanToken(user: string): string {
    const found = [...hs.world.tokens].find(([, owner]) => owner.user === user);
    return found?.[0] ?? addHuman(hs, user.slice(1, user.indexOf(":"))).token;
  }

  async function outward({ name, request, response }: Outward): Promise<void> {
    const token = request.headers["Authorization"];
    const headers = new Headers();
    if (token !== undefined)
      headers.set("authorization", `${token.split(" ")[0] ?? ""} ${tokenFor(token.split(" ")[1] ?? "")}`);
    const type = request.headers["Content-Type"];
    if (type !== undefined) headers.set("content-type", type);
    const body =
      request.body === null
        ? {}
        : {
            body: name.includes("too-large") && name.includes("media") ? "0".repeat(3_000_000) : rewrite(request.body),
          };
    if (request.method !== "GET") headers.set("content-length", String("body" in body ? body.body.length : 0));
    const given = await hs.fetch(new Request(rewrite(request.url), { method: request.method, headers, ...body }));
    const text = await given.text();
    const json: unknown = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined;
    learn(response.json, json);
    await hs.settled();
    differences.set(name, compare(response.status, response.json, given.status, json));
  }

  /** Notes the ids of pushed events, and does what no recording shows: somebody's request between two of them. */
  async function inward({ request }: Inward): Promise<void> {
    const events = objectOf(request.json)["events"];
    for (const event of (Array.isArray(events) ? events : []).filter(isObject)) {
      const id = String(event["event_id"]);
      const room = hs.world.rooms.get(ids.get(String(event["room_id"])) ?? "");
      if (room === undefined || ids.has(id)) continue;
      const same = (made: SimEvent): boolean =>
        !known.has(made.event_id) &&
        made.type === event["type"] &&
        made.sender === event["sender"] &&
        made.state_key === event["state_key"];
      const made =
        room.events.find((candidate) => same(candidate) && ![...ids.values()].includes(candidate.event_id)) ??
        (await redo(event, room.id));
      if (made !== undefined) {
        ids.set(id, made.event_id);
        known.add(made.event_id);
      }
    }
  }

  async function redo(event: JsonObject, room: string): Promise<SimEvent | undefined> {
    const sender = String(event["sender"]);
    const ghost = sender.startsWith("@bot");
    const content = rewrite(JSON.stringify(event["content"]));
    const key = textOf(event["state_key"]);
    const [type, redacts] = [String(event["type"]), textOf(objectOf(event["content"])["redacts"])];
    const last =
      redacts !== undefined
        ? `redact/${encodeURIComponent(ids.get(redacts) ?? redacts)}/u${at}`
        : key === undefined
          ? `send/${type}/u${at}${known.size}`
          : `state/${type}/${encodeURIComponent(key)}`;
    const url = `${origin}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/${last}${ghost ? `?user_id=${encodeURIComponent(sender)}` : ""}`;
    const headers = { authorization: `Bearer ${ghost ? asToken : humanToken(sender)}` };
    await hs.fetch(new Request(url, { method: "PUT", headers, body: content }));
    await hs.settled();
    return hs.world.rooms.get(room)?.events.at(-1);
  }

  async function client(method: string, path: string, token: string, body: JsonObject = {}): Promise<JsonObject> {
    const response = await hs.fetch(
      new Request(`${origin}/_matrix/client/v3${path}`, {
        method,
        headers: token === "" ? {} : { authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      }),
    );
    await hs.settled();
    return objectOf(await response.json());
  }

  const as = (user: string): string => `?user_id=${encodeURIComponent(user)}`;

  async function setLevels(room: string, change: JsonObject): Promise<void> {
    const path = `/rooms/${encodeURIComponent(room)}/state/m.room.power_levels`;
    const now = hs.world.rooms.get(room)?.state.get("m.room.power_levels\u0000")?.content ?? {};
    await client("PUT", path, asToken, { ...now, ...change });
  }

  /** Done between recordings by requests that are not recorded, and needed by later ones. */
  const unrecorded: Readonly<Record<number, () => Promise<void>>> = {
    10: async () =>
      void (await client("POST", "/register", "", {
        username: "bob",
        password: "pw-bob",
        auth: { type: "m.login.dummy" },
      })),
    310: () => setLevels(roomOne(), { events_default: 60 }),
    312: () => setLevels(roomOne(), { events_default: 0 }),
    450: async () => {
      const made = await redo(
        { type: "m.room.message", sender: "@alice:hs.test", content: { msgtype: "m.text", body: "read me" } },
        roomOne(),
      );
      ids.set("$3cQowkoh4WwKZ8kbSXRO8ZH9LMe7J1BckagwDE6DQDk", made?.event_id ?? "");
    },
    570: async () => {
      const { room_id: room } = await client("POST", "/createRoom", asToken, { preset: "public_chat", name: "extra" });
      ids.set("!tHqmBNuQCuEnVIcGgJ:hs.test", String(room));
      for (const user of ["@bot_echo:hs.test", "@bot_two:hs.test"])
        await client("POST", `/join/${encodeURIComponent(String(room))}${as(user)}`, asToken);
      await client("POST", `/join/${encodeURIComponent(String(room))}`, humanToken("@alice:hs.test"));
    },
    580: async () =>
      void (await client(
        "POST",
        `/join/${encodeURIComponent(ids.get("!tHqmBNuQCuEnVIcGgJ:hs.test") ?? "")}${as("@bot_three:hs.test")}`,
        asToken,
      )),
  };
  const roomOne = (): string => ids.get("!pYcbKfhLyhhhODZOLN:hs.test") ?? "";

  for (; at < main.length; at++) {
    const recording = main[at];
    if (recording === undefined) break;
    await unrecorded[recording.number]?.();
    if (isOutward(recording)) await outward(recording);
    else await inward(recording);
  }
  return { hs, differences };
}

function compare(status: number, json: unknown, givenStatus: number, given: unknown): string | undefined {
  if (status !== givenStatus) return `status ${givenStatus} instead of ${status}: ${JSON.stringify(given)}`;
  const [errcode, givenCode] = [objectOf(json)["errcode"], objectOf(given)["errcode"]];
  if (errcode !== givenCode) return `errcode ${String(givenCode)} instead of ${String(errcode)}`;
  return differenceOf(shapeOf(json), shapeOf(given), "");
}

/** The first place where two shapes differ. */
function differenceOf(wanted: unknown, given: unknown, path: string): string | undefined {
  if (Array.isArray(wanted) && Array.isArray(given)) {
    if (wanted.length !== given.length) return `${path}: ${given.length} entries instead of ${wanted.length}`;
    return wanted
      .map((value, index) => differenceOf(value, given[index], `${path}[${index}]`))
      .find((difference) => difference !== undefined);
  }
  if (isObject(wanted) && isObject(given)) {
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(given)])];
    return names
      .map((name) => differenceOf(wanted[name], given[name], `${path}.${name}`))
      .find((difference) => difference !== undefined);
  }
  return wanted === given ? undefined : `${path}: ${JSON.stringify(given)} instead of ${JSON.stringify(wanted)}`;
}
