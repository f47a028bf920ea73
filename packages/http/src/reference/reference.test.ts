import { errorCodes } from "@botyard/sdk";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, it } from "vitest";
import { createApp } from "../app.ts";
import { createFakeRuntime } from "../fake-runtime.ts";

const runtime = createFakeRuntime();
const app = createApp(runtime);
const fetchText = async (path: string): Promise<string> => (await app.request(path)).text();

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
interface OperationObject {
  readonly operationId: string;
  readonly parameters: readonly { readonly name?: string; readonly $ref?: string }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Readonly<Record<string, unknown>> }>>;
  };
  readonly responses: Readonly<Record<string, unknown>>;
  readonly "x-botyard": Readonly<Record<string, unknown>>;
}
const document = JSON.parse(await fetchText("/openapi.json")) as Document;
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
const named = (name: string): OperationObject => {
  const found = operations.find((operation) => operation.operationId === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};

it("is a valid OpenAPI 3.1 document", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>);
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(validator.version).toBe("3.1");
});

it("has every operation, each with a place for every field", () => {
  expect(operations.map((operation) => operation.operationId).sort()).toEqual([...runtime.descriptors.keys()].sort());
  for (const { name, fields } of runtime.descriptors.values()) {
    const { parameters, requestBody } = named(name);
    const body = Object.values(requestBody?.content ?? {})[0]?.schema["properties"] ?? {};
    const placed = [...parameters.flatMap((parameter) => parameter.name ?? []), ...Object.keys(body)];
    const wanted = fields.filter((field) => field.in !== "bytes").map((field) => field.name);
    expect(placed.sort(), name).toEqual(wanted.sort());
  }
});

it("refers to nothing that is not there, and holds nothing that is not referred to", () => {
  const text = JSON.stringify(document);
  const refs = new Set([...text.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map((match) => match[1]));
  const held = ["schemas", "responses", "parameters", "headers"].flatMap((kind) =>
    Object.keys(document.components[kind] ?? {}).map((name) => `${kind}/${name}`),
  );
  expect([...refs].filter((ref) => !held.includes(ref ?? ""))).toEqual([]);
  expect(held.filter((name) => !refs.has(name))).toEqual([]);
});

it("names the contract's schemas once", () => {
  const schemas = document.components["schemas"] ?? {};
  expect(Object.keys(schemas)).toEqual(expect.arrayContaining(["Problem", "Event", "Connection", "Step", "Content"]));
  expect(schemas["Event"]).toMatchObject({
    type: "object",
    properties: { content: { $ref: "#/components/schemas/Content" } },
  });
  expect(named("connections.get").responses["200"]).toMatchObject({
    content: { "application/json": { schema: { $ref: "#/components/schemas/Connection" } } },
  });
});

it("says how effects, streams, bytes and errors travel", () => {
  expect(named("messages.send").parameters).toContainEqual({ $ref: "#/components/parameters/IdempotencyKey" });
  expect(named("messages.list").parameters).not.toContainEqual({ $ref: "#/components/parameters/IdempotencyKey" });
  expect(named("messages.send")["x-botyard"]).toMatchObject({
    effect: "send",
    destructive: false,
    errors: expect.arrayContaining(["unsupported", "operator_required"]),
  });
  expect(named("events.stream").responses["200"]).toMatchObject({
    content: { "text/event-stream": { "x-botyard-item": { $ref: "#/components/schemas/Event" } } },
  });
  expect(named("events.stream").responses["410"]).toEqual({ $ref: "#/components/responses/Problem410" });
  expect(named("bots.set-icon").requestBody).toMatchObject({ required: true, content: { "*/*": {} } });
  expect(named("bots.get-icon").responses["200"]).toMatchObject({ content: { "*/*": {} } });
  expect(named("credentials.import").requestBody?.content["application/json"]?.schema).toMatchObject({
    additionalProperties: false,
    required: ["secret"],
    properties: { secret: { format: "password", writeOnly: true } },
  });
});

it("has a page with every operation, field and schema that needs nothing from elsewhere", async () => {
  const page = await fetchText("/docs");
  for (const { name, fields } of runtime.descriptors.values()) {
    const part = page.split(`<article id="${name}">`)[1]?.split("</article>")[0] ?? "";
    for (const field of fields) expect(part, name).toContain(`<code>${field.name}</code>`);
    expect(part, name).toContain("<pre>curl");
  }
  const schemas = Object.keys(document.components["schemas"] ?? {}).filter((name) => name !== "Problem");
  expect(schemas.filter((name) => !page.includes(`id="schema-${name}"`))).toEqual([]);
  expect(
    [...page.matchAll(/<(?:script|img|link|iframe|object)|@import|url\(|href="(?![/#])/g)].map((match) => match[0]),
  ).toEqual([]);
  expect(page.includes("prefers-color-scheme: dark")).toBe(true);
  expect((await app.request("/docs")).headers.get("content-security-policy")).toContain("default-src 'none'");
});

it("leads every link of its pages to something", async () => {
  for (const path of ["/docs", "/docs/errors"]) {
    const page = await fetchText(path);
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
    const links = [...page.matchAll(/ href="#([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !ids.has(link))).toEqual([]);
  }
});

it("explains every error code under the address a problem names", async () => {
  const page = await fetchText("/docs/errors");
  for (const code of errorCodes) expect(page).toContain(`<article id="${code}">`);
});

it("escapes what descriptions hold", async () => {
  const base = createFakeRuntime();
  const odd = {
    ...base.descriptors.get("bots.get"),
    name: "odd.get",
    noun: "odd",
    summary: "<script>alert(1)</script>",
    description: "a `<b>` & c\n\n- one `x`\n- two",
  };
  const page = await (
    await createApp({ ...base, descriptors: new Map([["odd.get", odd as never]]) }).request("/docs")
  ).text();
  expect(page).not.toContain("<script>");
  expect(page).toContain("a <code>&lt;b&gt;</code> &amp; c");
  expect(page).toMatch(/<li>one <code>x<\/code><\/li><li>two<\/li>/);
});
