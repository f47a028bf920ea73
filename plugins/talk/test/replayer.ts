import { createNextcloud, addUser, type Nextcloud } from "../src/simulator/index.ts";
import { isObject, objectOf, textOf } from "../src/wire.ts";
import { headerOf, recordings, type Http, type OccRun, type Recording, type Webhook } from "./recordings.ts";
import { segments, type Segment } from "./segments.ts";

/** What two answers must agree on: kinds of values, and of lists whether they are empty and what they begin with. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (!isObject(value)) return value === null ? "null" : typeof value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === "lastMessage" ? "a message" : shapeOf(inner)]),
  );
}

/** The first place where two values differ. */
function differenceOf(wanted: unknown, given: unknown, path = ""): string | undefined {
  if (Array.isArray(wanted) && Array.isArray(given)) {
    if (wanted.length !== given.length) return `${path}: ${given.length} entries instead of ${wanted.length}`;
    return wanted.map((one, at) => differenceOf(one, given[at], `${path}[${at}]`)).find((found) => found !== undefined);
  }
  if (isObject(wanted) && isObject(given))
    return [...new Set([...Object.keys(wanted), ...Object.keys(given)])]
      .map((name) => differenceOf(wanted[name], given[name], `${path}.${name}`))
      .find((found) => found !== undefined);
  return wanted === given ? undefined : `${path}: ${JSON.stringify(given)} instead of ${JSON.stringify(wanted)}`;
}

interface Pushed {
  readonly path: string;
  readonly body: unknown;
  readonly text: string;
}

/** By name of the recording; `undefined`: answered alike. */
export type Differences = ReadonlyMap<string, string | undefined>;

/** Feeds recorded requests and commands to the simulator, in their order, and notes where it differs. */
export async function replay(): Promise<Differences> {
  const differences = new Map<string, string | undefined>();
  for (const segment of segments) await replaySegment(segment, differences);
  return differences;
}

async function replaySegment(segment: Segment, differences: Map<string, string | undefined>): Promise<void> {
  let pushed: Pushed[] = [];
  let clock = Date.parse("2026-11-20T08:00:00Z");
  const cloud = createNextcloud({
    url: "http://127.0.0.1:8085",
    now: () => (clock += 10),
    async push(request) {
      const text = await request.text();
      pushed.push({ path: new URL(request.url).pathname, body: JSON.parse(text), text });
      return new Response();
    },
  });
  addUser(cloud.world, "admin", { admin: true });
  for (const id of ["alice", "bob", "dave"]) addUser(cloud.world, id);
  addUser(cloud.world, "carol", { name: segment.carol });
  await segment.begin(cloud);

  for (const recording of recordings.filter(({ number }) => number >= segment.from && number <= segment.to)) {
    await segment.before[recording.number]?.(cloud);
    if (recording.kind !== "webhook" && !segment.keepsPushes?.includes(recording.number)) pushed = [];
    const found = await differs(cloud, recording, pushed);
    differences.set(recording.name, found);
  }
}

async function differs(cloud: Nextcloud, recording: Recording, pushed: Pushed[]): Promise<string | undefined> {
  if (recording.kind === "occ") return runOcc(cloud, recording);
  if (recording.kind === "webhook") return matchPush(recording, pushed);
  return ask(cloud, recording);
}

async function runOcc(cloud: Nextcloud, { occ, exit, stdout, stderr }: OccRun): Promise<string | undefined> {
  const token = /Room token: (\w+)/.exec(stdout)?.[1];
  if (token !== undefined) cloud.world.tokens.push(token);
  const said = await cloud.occWords(occ.slice(1));
  if (said.exit !== exit) return `exit ${said.exit} instead of ${exit}: ${said.stdout}${said.stderr}`;
  if (stderr.trim() !== "" && said.stderr.trim() === "") return "nothing on stderr";
  if (stdout.startsWith("[")) return differenceOf(JSON.parse(stdout), JSON.parse(said.stdout));
  return said.stdout.trim() === stdout.trim() ? undefined : `"${said.stdout.trim()}" instead of "${stdout.trim()}"`;
}

/** The recorded webhook among what was pushed since the last request. */
function matchPush(webhook: Webhook, pushed: Pushed[]): string | undefined {
  const type = /^\{"type":"(\w+)"/.exec(webhook.request.raw_body)?.[1];
  const at = pushed.findIndex(({ path, body }) => path === webhook.request.path && objectOf(body)["type"] === type);
  const [found] = at < 0 ? [] : pushed.splice(at, 1);
  if (!found) return `no ${type ?? ""} was pushed to ${webhook.request.path}`;
  if (webhook.cut !== undefined)
    return found.text.startsWith(webhook.request.raw_body.slice(0, 200)) ? undefined : "another body";
  const length = headerOf(webhook, "Content-Length");
  const difference = differenceOf(settled(webhook.request.json), settled(found.body));
  if (difference !== undefined) return difference;
  return length === "" || found.text.length > 0 ? undefined : "an empty body";
}

const madeUp = new Set(["etag", "link", "icon-url"]);

/** What the server makes up anew each time is left out; strings of JSON are read. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value === "string" && value.startsWith('{"message"')) return settled(JSON.parse(value));
  if (typeof value === "string") return value.replace(/guests\/[0-9A-Za-z]{40}/, "guests/…");
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, madeUp.has(name) ? "…" : settled(inner)]),
  );
}

const wrongPasswords = new Set([43, 298]);

async function ask({ world, fetch }: Nextcloud, recording: Http): Promise<string | undefined> {
  const { request, response, number } = recording;
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) if (name !== "Cookie") headers.set(name, value);
  const login = /^Basic base64\((\w+):/.exec(request.headers["Authorization"] ?? "")?.[1];
  if (login !== undefined)
    headers.set("authorization", `Basic ${btoa(`${login}:${wrongPasswords.has(number) ? "wrong" : `pw-${login}`}`)}`);
  const wanted = objectOf(objectOf(response.json)["ocs"]);
  prepare(world, request.url, wanted["data"]);
  const body = request.body === null ? {} : { body: wholeBody(request) };
  const given = await fetch(new Request(request.url, { method: request.method, headers, ...body }));
  const text = await given.text();
  if (given.status !== response.status)
    return `status ${given.status} instead of ${response.status}: ${text.slice(0, 200)}`;
  const throttled = (list: readonly (readonly [string, string])[]): string | undefined =>
    list.find(([name]) => name.toLowerCase() === "x-nextcloud-bruteforce-throttled")?.[1];
  const slow = [throttled(response.headers), throttled([...given.headers])];
  if (slow[0] !== slow[1]) return `throttled ${slow[1] ?? "not"} instead of ${slow[0] ?? "not"}`;
  if (response.body_cut !== undefined) return undefined;
  if (response.json === undefined)
    return response.body.trim() === text.trim() ? undefined : `"${text}" instead of "${response.body}"`;
  const json: unknown = JSON.parse(text);
  if (!isObject(response.json) || !("ocs" in response.json)) return differenceOf(shapeOf(response.json), shapeOf(json));
  const got = objectOf(objectOf(json)["ocs"]);
  const exact = /\/bot\//.test(request.url);
  return (
    differenceOf(wanted["meta"], got["meta"], "meta") ??
    (exact
      ? differenceOf(wanted["data"], got["data"], "data")
      : differenceOf(shapeOf(wanted["data"]), shapeOf(got["data"]), "data"))
  );
}

/** Ids and tokens are the server's own: it is told to give those of the recording. */
function prepare(world: Nextcloud["world"], url: string, data: unknown): void {
  const made = objectOf(data);
  const id = made["id"];
  if (/\/chat\//.test(url) && typeof id === "number" && id > 0) world.next.message = id;
  const token = textOf(made["token"]);
  if (/\/room(?:\/note-to-self)?$/.test(new URL(url).pathname) && token !== "") world.tokens.push(token);
}

/** Bodies that were cut when they were recorded are made whole again: one character, many times. */
function wholeBody({ body, body_cut: cut }: Http["request"]): string {
  if (cut === undefined) return body ?? "";
  const total = Number.parseInt(cut, 10);
  const character = /"message": "(\\u[0-9a-f]{4}(?:\\ud[c-f][0-9a-f]{2})?)/.exec(body ?? "")?.[1] ?? "x";
  const count = Math.floor((total - '{"message": ""}'.length) / character.length);
  const rest = total - '{"message": ""}'.length - count * character.length;
  // what is left over is the rest of a reply
  return `{"message": "${character.repeat(rest > 0 ? count - 1 : count)}"${rest > 0 || count > 32_000 ? ', "replyTo": 24' : ""}}`;
}
