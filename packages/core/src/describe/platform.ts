import {
  type AnyOperation,
  type AnyPlatform,
  BotyardError,
  bytes,
  bytesInput,
  type Capability,
  type FieldDescription,
  type FieldMeta,
  isBytesOutput,
  isStreamOutput,
  type JsonSchema,
  nativeOperations,
  type ObjectSchema,
  type OperationDescription,
  type Output,
  type PlatformDescription,
  planRoute,
  stream,
} from "@botyard/sdk";
import * as v from "valibot";
import { entryFrom, schemaFrom } from "./from-json-schema.ts";
import { jsonSchemaOf, rememberJson } from "./json-schema.ts";

/**
 * All of a platform that is data, as JSON. What JSON Schema cannot say of a value is left out and checked by the plugin's
 * own schema, in its process. Throws `invalid` naming a schema that refers to itself.
 */
export function describePlatform(platform: AnyPlatform): PlatformDescription {
  const say = (schema: v.GenericSchema, mode: "input" | "output", where: string): JsonSchema => {
    const json = jsonSchemaOf(schema, mode);
    // A recursive schema refers to definitions, and a field has no place for them.
    if (JSON.stringify(json).includes('"$ref"'))
      throw new BotyardError("invalid", `${platform.id}: ${where} refers to itself, which a manifest cannot say`);
    return json;
  };
  const { extras, imports, tools, massMentions } = platform;
  const described: PlatformDescription = {
    id: platform.id,
    namespace: platform.namespace,
    title: platform.title,
    contract: platform.contract,
    url: platform.url,
    settings: say(platform.settings as v.GenericSchema, "input", "settings"),
    credentials: platform.credentials,
    capabilities: platform.capabilities as Readonly<Record<string, Capability>>,
    ...(extras
      ? {
          extras: Object.fromEntries(
            Object.entries(extras).map(([of, schema]) => [
              of,
              say(schema, of.includes(".") ? "input" : "output", `extras of ${of}`),
            ]),
          ),
        }
      : {}),
    native: nativeOperations(platform).map((operation) => describeNative(operation, say)),
    ...(tools ? { tools: Object.keys(tools) } : {}),
    ...(imports
      ? { imports: Object.fromEntries(Object.entries(imports).map(([name, { title }]) => [name, { title }])) }
      : {}),
    ...(massMentions ? { massMentions } : {}),
  };
  // What is no JSON (functions, undefined) would not survive the manifest either.
  return JSON.parse(JSON.stringify(described)) as PlatformDescription;
}

type Say = (schema: v.GenericSchema, mode: "input" | "output", where: string) => JsonSchema;

function describeNative(operation: AnyOperation, say: Say): OperationDescription {
  const entries = (operation.input as ObjectSchema).entries as Readonly<Record<string, v.GenericSchema>>;
  const output = operation.output as Output;
  const where = (field: string): string => `${operation.name}, ${field}`;
  return {
    name: operation.name,
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    run: operation.run as "platform" | "tool",
    effect: operation.effect,
    ...(operation.destructive ? { destructive: true } : {}),
    ...(operation.secretOutput ? { secretOutput: true } : {}),
    ...(operation.raw ? { raw: true } : {}),
    route: operation.route,
    ...(operation.cli ? { cli: operation.cli } : {}),
    ...(operation.errors ? { errors: operation.errors } : {}),
    fields: planRoute(operation).fields.map(({ name, required, secret, ref, in: place }) => ({
      name,
      required,
      secret,
      ref,
      bytes: place === "bytes",
      schema: place === "bytes" ? {} : say(entries[name] as v.GenericSchema, "input", where(name)),
    })),
    output: isBytesOutput(output)
      ? { kind: "bytes", schema: null }
      : isStreamOutput(output)
        ? { kind: "stream", schema: say(output.item, "output", where("items")) }
        : { kind: "json", schema: say(output, "output", where("output")) },
    ...(operation.answer ? { answer: say(operation.answer as v.GenericSchema, "output", where("answer")) } : {}),
  };
}

/** The same in the other direction: a schema that says the JSON it was made from. */
const schemaOf = (json: JsonSchema): v.GenericSchema => rememberJson(copyOf(schemaFrom(json)), json);

/** Some schemas are shared with the SDK: what is remembered of one must not be of the other. */
const copyOf = (schema: v.GenericSchema): v.GenericSchema => v.pipe(schema, v.metadata({}));

/**
 * The platform a description tells of, without its code: what is missing is `open`, its tools and readers of files,
 * which throw `plugin_failed` until whoever runs the plugin puts them in place.
 * A capability of a kind this version does not know counts as `none`.
 */
export function platformOf(description: PlatformDescription): AnyPlatform {
  const absent = (): never => {
    throw new BotyardError(
      "plugin_failed",
      `${description.title} is known by its manifest only; its code does not run`,
    );
  };
  const { extras, tools, imports, massMentions } = description;
  return {
    id: description.id,
    namespace: description.namespace,
    title: description.title,
    contract: description.contract as AnyPlatform["contract"],
    url: description.url,
    settings: settingsOf(description.settings),
    credentials: description.credentials,
    capabilities: Object.fromEntries(
      Object.entries(description.capabilities).map(([name, capability]) => [name, understood(capability)]),
    ),
    ...(extras ? { extras: Object.fromEntries(Object.entries(extras).map(([of, json]) => [of, schemaOf(json)])) } : {}),
    native: Object.fromEntries(description.native.map((operation) => [operation.name, operationOf(operation)])),
    ...(tools ? { tools: Object.fromEntries(tools.map((name) => [name, absent])) } : {}),
    ...(imports
      ? {
          imports: Object.fromEntries(
            Object.entries(imports).map(([name, { title }]) => [name, { title, read: absent }]),
          ),
        }
      : {}),
    ...(massMentions ? { massMentions } : {}),
    open: absent,
  };
}

/** Settings are read by field: an object schema itself, without anything round it. */
function settingsOf(json: JsonSchema): ObjectSchema {
  const schema = schemaFrom(json);
  const entries = (schema as { entries?: v.ObjectEntries }).entries;
  return rememberJson(entries ? (schema as ObjectSchema) : (v.strictObject({}) as unknown as ObjectSchema), json);
}

const supports = new Set(["native", "emulated", "degraded", "operator", "none"]);

function understood(capability: Capability): Capability {
  if (supports.has(capability.support)) return capability;
  return {
    support: "none",
    reason: "unknown-support",
    detail: "The plugin offers it in a way this version of Botyard does not know. Update Botyard.",
  };
}

function operationOf(description: OperationDescription): AnyOperation {
  const { fields, output, answer, errors, cli, ...rest } = description;
  return {
    ...rest,
    ...(errors ? { errors } : {}),
    ...(cli ? { cli } : {}),
    input: v.strictObject(Object.fromEntries(fields.map((field) => [field.name, fieldOf(field)]))),
    output:
      output.kind === "bytes"
        ? bytes
        : output.kind === "stream"
          ? stream(schemaOf(output.schema ?? {}))
          : schemaOf(output.schema ?? {}),
    ...(answer ? { answer: schemaOf(answer) } : {}),
  };
}

function fieldOf({ schema: json, required, secret, ref, bytes: isBytes }: FieldDescription): v.GenericSchema {
  if (isBytes) return required ? bytesInput : v.optional(bytesInput);
  const meta: FieldMeta = { "x-botyard": { ...(ref ? { ref } : {}), ...(secret ? { secret: true } : {}) } };
  const marked = (schema: v.GenericSchema): v.GenericSchema => v.pipe(schema, v.metadata(meta));
  const field = entryFrom(json, required, marked);
  return rememberJson(field, json);
}
