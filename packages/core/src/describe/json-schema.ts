import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import type { JsonSchema } from "./descriptor.ts";

/** What JSON Schema cannot say is checked by the input's own parse; here it is left out. */
const ignoreActions = ["brand", "check", "raw_check", "max_bytes", "max_graphemes", "readonly", "partial_check"];

/** Named schemas become `$ref`s to `#/components/schemas/<name>`. */
export type Components = Readonly<Record<string, GenericSchema>>;

function config(mode: "input" | "output", components: Components | undefined): ConversionConfig {
  return {
    target: "draft-2020-12",
    typeMode: mode,
    ignoreActions,
    errorMode: "throw",
    ...(components
      ? {
          definitions: components,
          overrideRef: ({ referenceId }: { referenceId: string }) => `#/components/schemas/${referenceId}`,
        }
      : {}),
    overrideSchema: ({ valibotSchema, jsonSchema }) => (valibotSchema.type === "custom" ? {} : jsonSchema),
    overrideAction: ({ valibotAction, jsonSchema }) => {
      const meta =
        valibotAction.type === "metadata"
          ? (valibotAction as { metadata?: { "x-botyard"?: { secret?: boolean } } }).metadata
          : undefined;
      if (!meta?.["x-botyard"]) return jsonSchema;
      return {
        ...jsonSchema,
        "x-botyard": meta["x-botyard"],
        ...(meta["x-botyard"].secret ? { format: "password", writeOnly: true } : {}),
      };
    },
  } as ConversionConfig;
}

/** What schemas were made from that came as JSON; see `rememberJson`. */
const origins = new WeakMap<object, JsonSchema>();

/** The schema was made from this: it is said again as it came, and nothing of it gets lost on the way. */
export function rememberJson<S extends GenericSchema>(schema: S, json: JsonSchema): S {
  origins.set(schema, json);
  return schema;
}

/** Throws where a schema cannot be said in JSON: a test describes the whole table. */
export function jsonSchemaOf(schema: GenericSchema, mode: "input" | "output", components?: Components): JsonSchema {
  const origin = origins.get(schema);
  if (origin) return origin;
  const {
    $schema: _,
    $defs: __,
    ...rest
  } = toJsonSchema(schema as never, config(mode, components)) as Record<string, unknown>;
  return rest;
}
