import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeTable, type Descriptor, type JsonSchema } from "@botyard/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { platforms } from "../src/platforms.gen.ts";
import { type Answer, type Caller, type Json, startServe } from "./http-call.ts";
import { createMachine, type Running } from "./program.ts";

/**
 * A marked text in every input of every operation: it must turn up in no log line, problem, audit row, figure or process
 * list. Secrets not in an answer and not in the files either; a name that the caller gives (a room, a key) may come
 * back in a problem and stand in the audit, and that of a consumer or webhook is a label, because that is what they are for.
 */

type Kind = "secret" | "name" | "text";

interface Mark {
  readonly text: string;
  readonly kind: Kind;
  /** `messages.send text` */
  readonly where: string;
}

const names = new Set([
  "connection",
  "bot",
  "room",
  "handle",
  "name",
  "key",
  "operation",
  "id",
  "platform",
  "consumer",
  "allow",
  // Of a plugin: a path or the name of a package; an address is none.
  "source",
]);
const secretKinds: Record<string, readonly string[]> = {};
const marks: Mark[] = [];

function mark(kind: Kind, where: string): string {
  const text = `canary${kind}${String(marks.length).padStart(5, "0")}zq`;
  marks.push({ text, kind, where });
  return text;
}

const isSecret = (schema: JsonSchema): boolean =>
  (schema["x-botyard"] as { secret?: true } | undefined)?.secret === true;

/** A value of the schema's shape with a mark in every text that takes one. */
function fill(schema: JsonSchema, kind: Kind, where: string): unknown {
  const secret = isSecret(schema) ? "secret" : kind;
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0] as unknown;
  const options = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  const [first] = options ?? [];
  if (first) return fill(first, secret, where);
  switch (schema["type"]) {
    case "string":
      return schema["format"] === "uri" ? `http://127.0.0.1:9/${mark(secret, where)}` : mark(secret, where);
    case "number":
    case "integer":
      return (schema["minimum"] as number | undefined) ?? 1;
    case "boolean":
      return false;
    case "array":
      return [fill((schema["items"] ?? { type: "string" }) as JsonSchema, secret, where)];
    default:
      return fillObject(schema, secret, where);
  }
}

function fillObject(schema: JsonSchema, kind: Kind, where: string): Json {
  const properties = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const entries = properties.map(([name, inner]) => [name, fill(inner, kind, `${where}.${name}`)] as const);
  const more = schema["additionalProperties"];
  if (typeof more !== "object" || more === null) return Object.fromEntries(entries);
  const keys = isSecret(more as JsonSchema) ? Object.values(secretKinds).flat() : ["extra"];
  return Object.fromEntries([...entries, ...keys.map((key) => [key, fill(more as JsonSchema, kind, where)] as const)]);
}

/** What is there, so that calls get as far as they can. */
const known: Readonly<Record<string, string>> = { connection: "chat", bot: "helper", room: "lobby", as: "helper" };

interface Try {
  readonly onlyRequired: boolean;
  readonly real: boolean;
}

function call(
  caller: Caller,
  { name, method, path, fields }: Descriptor,
  { onlyRequired, real }: Try,
): Promise<Answer> {
  let address = `/v1${path}`;
  const query = new URLSearchParams();
  const body: Json = {};
  let bytes: string | undefined;
  for (const field of fields) {
    if (onlyRequired && !field.required) continue;
    const where = `${name} ${field.name}`;
    const kind = field.ref !== null || field.in === "path" || names.has(field.name) ? "name" : "text";
    if (field.in === "bytes") {
      bytes = mark("text", where);
      continue;
    }
    const value = (real ? known[field.name] : undefined) ?? fill(field.schema, field.secret ? "secret" : kind, where);
    if (field.in === "path") address = address.replace(`{${field.name}}`, encodeURIComponent(String(value)));
    else if (field.in === "query") query.set(field.name, typeof value === "string" ? value : JSON.stringify(value));
    else body[field.name] = value;
  }
  const full = query.size > 0 ? `${address}?${query}` : address;
  if (bytes !== undefined) return caller.call(method, full, { body: bytes, headers: { "content-type": "image/png" } });
  return caller.call(method, full, method === "GET" || method === "DELETE" ? {} : { body });
}

/** Takes away what the others stand on, or waits for events. */
const apart = new Set([
  "connections.delete",
  "bots.delete",
  "bots.release",
  "bots.disable",
  "events.stream",
  "credentials.login",
  "service.backup",
]);

const cleanups: (() => void)[] = [];
const machine = createMachine((clear) => void cleanups.push(clear));
let service: Running;
let problems = "";
let answers = "";
let audit = "";
let figures = "";
let processes = "";
let logs = "";
let operations: readonly Descriptor[] = [];
const called = new Map<string, number[]>();

beforeAll(async () => {
  const all = await Promise.all(Object.values(platforms).map((load) => load()));
  for (const platform of all) secretKinds[platform.id] = Object.keys(platform.credentials);
  operations = [...describeTable(all).descriptors.values()];
  const started = await startServe(machine, "--log", "debug");
  ({ service } = started);
  await started.must(201, "POST", "/v1/connections", { platform: "sandbox", id: "chat" });
  await started.must(201, "POST", "/v1/connections/chat/bots", { handle: "helper" });
  await started.must(200, "PUT", "/v1/connections/chat/rooms/lobby/bots/helper", {});
  const keep = (name: string, { status, text }: Answer): void => {
    called.set(name, [...(called.get(name) ?? []), status]);
    if (status >= 400) problems += text;
    else answers += text;
  };
  for (const descriptor of operations) {
    if (apart.has(descriptor.name)) continue;
    for (const real of [true, false])
      for (const onlyRequired of [true, false])
        keep(descriptor.name, await call(started, descriptor, { real, onlyRequired }));
  }
  // Every credential of every platform, on a port where nobody answers.
  for (const [platform, kinds] of Object.entries(secretKinds))
    keep(
      "connections.create",
      await started.call("POST", "/v1/connections", {
        body: {
          platform,
          url: "http://127.0.0.1:9",
          credentials: Object.fromEntries(kinds.map((kind) => [kind, mark("secret", `${platform} ${kind}`)])),
        },
      }),
    );
  keep("no operation", await started.call("GET", `/v1/${mark("text", "a path")}?key=${mark("text", "a query")}`));
  keep("no key", await started.as(mark("secret", "the key of a caller")).call("GET", "/v1/whoami"));
  processes = spawnSync("ps", ["-eww", "-o", "args"], { encoding: "utf8" }).stdout;
  figures = (await started.call("GET", "/metrics")).text;
  for (let cursor = ""; ;) {
    const page = await started.call(
      "GET",
      `/v1/audit?limit=500${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    audit += page.text;
    if (typeof page.body["next"] !== "string") break;
    cursor = page.body["next"];
  }
  const { out, err } = await service.end();
  logs = out + err;
}, 120_000);
afterAll(() => {
  for (const clear of cleanups) clear();
});

const seen = (text: string, ...kinds: readonly Kind[]): string[] =>
  marks
    .filter((each) => kinds.includes(each.kind) && text.includes(each.text))
    .map(({ where, kind }) => `${where} (${kind})`);

describe("a canary in every input", () => {
  it("reached every operation, and some got through", () => {
    expect([...operations].filter(({ name }) => !called.has(name) && !apart.has(name))).toEqual([]);
    expect([...called.values()].flat().filter((status) => status < 300).length).toBeGreaterThan(20);
    expect([...called].filter(([, statuses]) => statuses.includes(500)).map(([name]) => name)).toEqual([]);
    expect(marks.filter(({ kind }) => kind === "secret").length).toBeGreaterThan(20);
  });

  it("is in no log line", () => {
    expect(logs).toContain("answered");
    expect(seen(logs, "secret", "text", "name")).toEqual([]);
  });

  it("is in no problem, but for names", () => {
    expect(problems).toContain('"code":"invalid"');
    expect(seen(problems, "secret", "text")).toEqual([]);
  });

  it("is in no audit row, but for names", () => {
    expect(audit).toContain("messages.send");
    expect(seen(audit, "secret", "text")).toEqual([]);
  });

  it("is in no figure, but for names", () => {
    expect(figures).toContain("botyard_calls_total");
    expect(seen(figures, "secret", "text")).toEqual([]);
  });

  it("is in no process list", () => {
    expect(processes).toContain("serve");
    expect(seen(processes, "secret", "text", "name")).toEqual([]);
  });

  it("is in no answer where it is a secret", () => {
    expect(seen(answers, "secret")).toEqual([]);
  });

  it("is in no file where it is a secret", () => {
    const files = readdirSync(machine.data, { recursive: true, encoding: "utf8" });
    expect(files).toContain("botyard.db");
    const kept = files.flatMap((name) => {
      try {
        return [readFileSync(join(machine.data, name), "latin1")];
      } catch {
        return [];
      }
    });
    expect(seen(kept.join("\n"), "secret")).toEqual([]);
  });
});

it("a secret given as plain words is refused by the command line, and not repeated", async () => {
  const secret = mark("secret", "the command line");
  const ran = await machine.run(["credentials", "import", "chat/helper", "--kind", "bot-token", "--secret", secret]);
  expect(ran.code).not.toBe(0);
  expect(ran.out + ran.err).not.toContain(secret);
});
