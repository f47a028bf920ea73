import type { Descriptor, JsonSchema } from "@botyard/core";
import { errorCodes, errorTable } from "@botyard/sdk";
import { codesOf } from "./codes.ts";
import { problemSchema } from "./problem-schema.ts";
import type { Reference } from "./schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const mediaJson = "application/json";
const statuses = [...new Set(errorCodes.filter((code) => code !== "cancelled").map((code) => errorTable[code].status))];

/** OpenAPI 3.1 of all operations. */
export function openapiDocument({ descriptors, schemas, extras }: Reference, version: string): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const descriptor of descriptors)
    (paths[`/v1${descriptor.path}`] ??= {})[descriptor.method.toLowerCase()] = operation(descriptor);
  return {
    openapi: "3.1.1",
    info: {
      title: "Botyard",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "Provision, run and look after bots on the chat servers you host. Made from the table of operations; pages to read are at `/docs`, all error codes at `/docs/errors`.",
    },
    // By platform: the schemas of `settings`, of `options` by operation and of `native` by entity.
    "x-botyard": {
      platforms: Object.fromEntries(
        [...Map.groupBy(extras, ({ platform }) => platform)].map(([platform, of]) => [
          platform,
          Object.fromEntries(of.map((extra) => [extra.of, { $ref: `#/components/schemas/${extra.name}` }])),
        ]),
      ),
    },
    servers: [{ url: "/" }],
    security: [{ key: [] }],
    tags: [...new Set(descriptors.map(({ noun }) => noun))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "A key of Botyard: `Authorization: Bearer by_…`" },
      },
      parameters: { IdempotencyKey: idempotencyKey, LastEventId: lastEventId },
      headers: {
        RequestId: { description: "Names this request in the log.", schema: { type: "string" } },
        IdempotencyReplayed: {
          description: "`true`: the first answer again; nothing was done.",
          schema: { type: "string" },
        },
        Location: { description: "Path of what was created.", schema: { type: "string" } },
        RetryAfter: { description: "Seconds to wait.", schema: { type: "integer" } },
      },
      responses: {
        ...Object.fromEntries(statuses.map((status) => [`Problem${status}`, problemAnswer(status)])),
        // Refused by the runtime's own HTTP server, before a line of ours has run.
        HeadersTooLarge: { description: "Address and headers together are longer than 16 KiB; the answer is empty." },
      },
      schemas: { Problem: problemSchema, ...Object.fromEntries(schemas) },
    },
  };
}

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "A text of your own, 1 to 255 characters. The same key with the same input gives the first answer again; with other input, `conflict`.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

const lastEventId = {
  name: "Last-Event-ID",
  in: "header",
  description: "Cursor of the last event that was read: goes on after it; wins over `from`.",
  schema: { type: "string" },
};

function problemAnswer(status: number): Json {
  const codes = errorCodes.filter((code) => errorTable[code].status === status);
  return {
    description: codes.map((code) => `${errorTable[code].title} (\`${code}\`)`).join(", "),
    headers: {
      "X-Request-Id": { $ref: "#/components/headers/RequestId" },
      ...(status === 409 || status === 429 ? { "Retry-After": { $ref: "#/components/headers/RetryAfter" } } : {}),
    },
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
}

function operation(descriptor: Descriptor): Json {
  const { name, noun, summary, description, effect, run, destructive, secretOutput, platform, output } = descriptor;
  const codes = codesOf(descriptor);
  const header = [
    ...(effect === "read" ? [] : [{ $ref: "#/components/parameters/IdempotencyKey" }]),
    ...(output.kind === "stream" ? [{ $ref: "#/components/parameters/LastEventId" }] : []),
  ];
  return {
    operationId: name,
    tags: [noun],
    summary,
    ...(description === null ? {} : { description }),
    parameters: [
      ...descriptor.fields.filter(({ in: place }) => place === "path" || place === "query").map(parameter),
      ...header,
    ],
    ...requestBody(descriptor),
    responses: {
      ...success(descriptor),
      ...Object.fromEntries(
        codes.map((code) => [
          errorTable[code].status,
          { $ref: `#/components/responses/Problem${errorTable[code].status}` },
        ]),
      ),
      431: { $ref: "#/components/responses/HeadersTooLarge" },
    },
    "x-botyard": { effect, run, destructive, secretOutput, platform, errors: codes },
  };
}

function parameter({ name, in: place, required, schema }: Descriptor["fields"][number]): Json {
  const { description, ...rest } = schema;
  return {
    name,
    in: place,
    required: place === "path" || required,
    ...(typeof description === "string" ? { description } : {}),
    schema: rest,
  };
}

function requestBody({ fields }: Descriptor): Json {
  if (fields.some((field) => field.in === "bytes"))
    return {
      requestBody: {
        required: true,
        description: "The bytes themselves; the content type is theirs.",
        content: { "*/*": { schema: { type: "string", format: "binary" } } },
      },
    };
  const body = fields.filter((field) => field.in === "body");
  if (body.length === 0) return {};
  const required = body.filter((field) => field.required).map((field) => field.name);
  const schema: JsonSchema = {
    type: "object",
    properties: Object.fromEntries(body.map((field) => [field.name, field.schema])),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
  return { requestBody: { required: required.length > 0, content: { [mediaJson]: { schema } } } };
}

function success({ effect, method, output }: Descriptor): Json {
  const requestId = { "X-Request-Id": { $ref: "#/components/headers/RequestId" } };
  if (output.kind === "bytes")
    return {
      200: {
        description: "The bytes.",
        headers: requestId,
        content: { "*/*": { schema: { type: "string", format: "binary" } } },
      },
    };
  if (output.kind === "stream")
    return {
      200: {
        description:
          "Server-sent events: `id` is the cursor, `event` the type, `data` one item of this schema. A failure ends the stream with `event: error` and a Problem.",
        headers: requestId,
        content: { "text/event-stream": { schema: { type: "string" }, "x-botyard-item": output.schema ?? {} } },
      },
    };
  const content = { [mediaJson]: { schema: output.schema ?? {} } };
  if (effect === "read") return { 200: { description: "The answer.", headers: requestId, content } };
  const headers = { ...requestId, "Idempotency-Replayed": { $ref: "#/components/headers/IdempotencyReplayed" } };
  const properties = (output.schema?.["properties"] ?? {}) as Json;
  return {
    200: { description: "Done.", headers, content },
    ...(method === "POST" || method === "PUT"
      ? {
          201: {
            description: "Created.",
            headers: { ...headers, Location: { $ref: "#/components/headers/Location" } },
            content,
          },
        }
      : {}),
    ...("opened" in properties ? { 202: { description: "Waits for the steps in `opened`.", headers, content } } : {}),
  };
}
