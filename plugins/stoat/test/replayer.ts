import { addPerson, createSimulator, type Simulator, type WorldOptions } from "../src/simulator/index.ts";
import { addToGroup, addToServer } from "../src/simulator/membership.ts";
import { makeAccount, makeUser } from "../src/simulator/accounts.ts";
import { put } from "../src/simulator/messages.ts";
import { makeServer } from "../src/simulator/servers.ts";
import { isUlid } from "../src/ulid.ts";
import { isObject, objectOf, textOf } from "../src/wire.ts";
import type { Exchange } from "./recordings.ts";

/** Written some seconds later by the server: whether an answer holds it is a matter of chance. */
const late = "last_message_id";

/** Kinds of JSON values instead of the values: what two answers must agree on. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shapeOf(one))))].sort();
  if (!isObject(value)) return value === null ? "null" : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== late)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [isUlid(name) ? "an id" : name, shapeOf(inner)]),
  );
}

/** A simulator that is asked what was asked once; ids and tokens of then are mapped to those of now. */
export interface Replay {
  readonly sim: Simulator;
  /** `recorded` stands for `given` in what follows. */
  learn(recorded: string, given: string): void;
  given(recorded: string): string;
  /** The difference of the two answers; undefined: the same status, name and shape. */
  ask(exchange: Exchange): Promise<string | undefined>;
}

const api = "http://stoat.test";
const autumn = "http://files.test";

export function createReplay(options: WorldOptions): Replay {
  let clock = 0;
  const sim = createSimulator({ api, autumn, gateway: "ws://stoat.test/ws", ...options, now: () => clock });
  const ids = new Map<string, string>();

  const given = (text: string): string => {
    let out = text;
    for (const [from, to] of ids) out = out.replaceAll(from, to);
    return out;
  };

  function walk(recorded: unknown, now: unknown): void {
    if (Array.isArray(recorded) && Array.isArray(now)) recorded.forEach((one, index) => walk(one, now[index]));
    else if (isObject(recorded) && isObject(now))
      for (const [name, one] of Object.entries(recorded)) walk(one, now[name]);
    else if (typeof recorded === "string" && typeof now === "string" && recorded !== now && !ids.has(recorded)) {
      if (/^(?:[0-7][0-9A-Z]{25}|[\w-]{42}|[\w-]{64}|[A-Za-z0-9]{8})$/.test(recorded)) ids.set(recorded, now);
    }
  }

  function requestOf({ request }: Exchange): Request {
    const url = new URL(request.url);
    const base = url.port === "14704" ? autumn : api;
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) headers.set(name, given(value));
    const { body } = request;
    const text =
      body === null || body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
    const sent =
      text === undefined
        ? undefined
        : (formOf(request, text) ?? given(text.replace('<\\"x\\" 1100000 times>', "x".repeat(1_100_000))));
    return new Request(base + given(url.pathname) + given(url.search), {
      method: request.method,
      headers,
      ...(sent === undefined ? {} : { body: sent }),
    });
  }

  return {
    sim,
    given,
    learn: (recorded, now) => void ids.set(recorded, now),
    async ask(exchange) {
      const { response } = exchange;
      const date = response.headers.find(([name]) => name.toLowerCase() === "date")?.[1];
      if (date !== undefined) clock = Math.max(clock, Date.parse(date));
      const answer = await sim.fetch(requestOf(exchange));
      const text =
        answer.status === 200 && answer.headers.get("content-type")?.startsWith("image/") ? "" : await answer.text();
      const json: unknown = /^[[{]/.test(text) ? JSON.parse(text) : undefined;
      walk(response.json, json);
      return differenceOf(response, answer, json);
    },
  };
}

/** The forms were not kept: what was uploaded is known by the name of the recording's answer. */
function formOf({ url, headers }: Exchange["request"], text: string): Uint8Array<ArrayBuffer> | undefined {
  const boundary = /boundary=(.+)$/.exec(headers["Content-Type"] ?? "")?.[1];
  if (boundary === undefined) return undefined;
  const size = Number(/^<(\d+) bytes>$/.exec(text)?.[1] ?? 0);
  const field = size === 128 ? "upload" : "file";
  const picture = [200, 206, 223].includes(size);
  const content =
    size === 125
      ? new Uint8Array()
      : picture
        ? Uint8Array.from([0x89, 0x50, 0x4e, 0x47])
        : new TextEncoder().encode("hello");
  const name = picture ? "dot.png" : "note.txt";
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${name}"\r\nContent-Type: ${picture ? "image/png" : "text/plain"}\r\n\r\n`;
  const encoder = new TextEncoder();
  const parts = [encoder.encode(head), content, encoder.encode(`\r\n--${boundary}--\r\n`)];
  const out = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return new URL(url).pathname === "/" ? undefined : out;
}

function differenceOf(recorded: Exchange["response"], answer: Response, json: unknown): string | undefined {
  if (recorded.status !== answer.status)
    return `status ${answer.status} instead of ${recorded.status}: ${JSON.stringify(json)?.slice(0, 200)}`;
  const [name, givenName] = [textOf(objectOf(recorded.json)["type"]), textOf(objectOf(json)["type"])];
  if (name !== givenName) return `${givenName} instead of ${name}`;
  const permission = textOf(objectOf(recorded.json)["permission"]);
  if (permission !== textOf(objectOf(json)["permission"])) return `not ${permission}: ${JSON.stringify(json)}`;
  const [shape, givenShape] = [JSON.stringify(shapeOf(recorded.json)), JSON.stringify(shapeOf(json))];
  if (shape !== givenShape) return `${givenShape} instead of ${shape}`;
  const kind = (headers: { get(name: string): string | null | undefined }): string =>
    (headers.get("content-type") ?? "").split(";")[0] ?? "";
  const before = new Map(recorded.headers.map(([key, value]) => [key.toLowerCase(), value] as const));
  if (recorded.json === undefined && kind(before) !== kind(answer.headers))
    return `${kind(answer.headers)} instead of ${kind(before)}`;
  return undefined;
}

/** What was prepared by requests nobody kept. */
export function prepareMore({ sim, learn }: Replay): void {
  const { world } = sim;
  const owner = addPerson(world, "hb95aed-owner");
  const other = addPerson(world, "hb95aed-other");
  learn("01M7W5F5A121Z2PV4KT37Q9WYR", owner.id);
  learn("01M7W5F6MWFS5J9AJDX3CFE80D", other.id);
  learn("<session token of the owner>", owner.token);
  learn("<session token of the other user>", other.token);
  const alpha = makeBot(sim, owner.id, "hb95aed-alpha");
  const beta = makeBot(sim, owner.id, "hb95aed-beta");
  learn("01M7W5F8M19CA2P0KJRNCCCVDE", alpha.id);
  learn("<token of bot alpha>", alpha.token);
  learn("<token of bot beta>", beta.token);
  const bot = world.bots.get(alpha.id);
  if (bot) bot.public = true;
  const { server, channel } = makeServer(world, owner.id, "yard");
  addToServer(world, server, alpha.id);
  addToServer(world, server, other.id);
  learn("01M7W5F8MXGCG93WPYV38WZJ16", server._id);
  learn("01M7W5F8MXT2RK9TT0NQCDED9B", channel._id);
  const group = {
    _id: world.id(),
    channel_type: "Group" as const,
    name: "den",
    owner: owner.id,
    recipients: [owner.id],
    waits: new Map(),
  };
  world.channels.set(group._id, group);
  world.messages.set(group._id, []);
  addToGroup(world, group._id, alpha.id, owner.id);
  put(world, group, alpha.id, { content: "x" });
  learn("01M7W5F8P4B9SCAAV62X54JDFT", group._id);
  learn("01M7W5F8PKWF1NF9QC7T5B5MSH", put(world, channel, alpha.id, { content: "to delete" })._id);
}

export function prepareSecondFactor({ sim }: Replay): void {
  const account = makeAccount(sim.world, "mfa4a81b3@yard.test", "correct-Horse-7");
  makeUser(sim.world, account.id, "mfa");
  account.totp = "332296";
}

export function prepareOAuth2({ sim, learn }: Replay): void {
  const olive = addPerson(sim.world, "olive");
  const otto = addPerson(sim.world, "otto");
  learn("<session token of olive>", olive.token);
  learn("<session token of otto>", otto.token);
  learn("01M7W5BQCFM84H87FNN0RBB3ZD", olive.id);
  learn("01M7W5BQMVP4CTDGEPRSQ1Y5HG", otto.id);
}

export function prepareRoles({ sim, learn }: Replay): void {
  const { world } = sim;
  const owner = addPerson(world, "hbcfc2f-owner");
  const other = addPerson(world, "hbcfc2f-other");
  learn("<session token of the owner>", owner.token);
  learn("<session token of the other user>", other.token);
  learn("01M7W5YF5DES0HQ9F9KJG8NMZH", other.id);
  const beta = makeBot(sim, owner.id, "hbcfc2f-beta");
  const alpha = makeBot(sim, owner.id, "hbcfc2f-alpha");
  learn("01M7W5YGNZ1H1B0DW3T2EVZ190", beta.id);
  learn("01M7W5YGNQDGC6F1WTHP31JTDX", alpha.id);
  const { server } = makeServer(world, owner.id, "yard");
  addToServer(world, server, other.id);
  addToServer(world, server, alpha.id);
  learn("01M7W5YGPE3R81YWH21SJ3P253", server._id);
}

export function makeBot(
  { world }: Simulator,
  owner: string,
  name: string,
): { readonly id: string; readonly token: string } {
  const id = world.id();
  makeUser(world, id, name, owner);
  const token = world.token();
  world.bots.set(id, { _id: id, owner, token, public: false, analytics: false });
  return { id, token };
}
