import {
  type AnyOperation,
  type AnyPlatform,
  isBytesOutput,
  isStreamOutput,
  nativeOperations,
  operations,
  type Output,
  planRoute,
} from "@botyard/sdk";
import type { GenericSchema } from "valibot";
import type { Descriptor, Field } from "./descriptor.ts";
import { type Components, jsonSchemaOf } from "./json-schema.ts";

function describeOutput(output: Output, components: Components | undefined): Descriptor["output"] {
  if (isBytesOutput(output)) return { kind: "bytes", schema: null };
  if (isStreamOutput(output)) return { kind: "stream", schema: jsonSchemaOf(output.item, "output", components) };
  return { kind: "json", schema: jsonSchemaOf(output, "output", components) };
}

/** Schemas are made when first read: a command describes the one operation it calls. */
export function describe(operation: AnyOperation, platform: string | null = null, components?: Components): Descriptor {
  const [noun = "", verb = ""] = operation.name.split(".");
  const { method, path, fields: planned } = planRoute(operation);
  let fields: readonly Field[] | undefined;
  let output: Descriptor["output"] | undefined;
  const entries = operation.input.entries as Record<string, GenericSchema>;
  return {
    name: operation.name,
    noun,
    verb,
    summary: operation.summary,
    description: operation.description ?? null,
    run: operation.run,
    effect: operation.effect,
    destructive: operation.destructive ?? false,
    secretOutput: operation.secretOutput ?? false,
    raw: operation.raw ?? false,
    method,
    path,
    cli: operation.cli ?? {},
    errors: operation.errors ?? [],
    platform,
    get fields() {
      return (fields ??= planned.map((field) => ({
        ...field,
        // A bytes field has no JSON form.
        schema: field.in === "bytes" ? {} : jsonSchemaOf(entries[field.name] as GenericSchema, "input", components),
      })));
    },
    get output() {
      return (output ??= describeOutput(operation.output, components));
    },
  };
}

export interface Table {
  readonly operations: ReadonlyMap<string, AnyOperation>;
  readonly descriptors: ReadonlyMap<string, Descriptor>;
}

/** The common table and the native operations of the platforms. */
export function describeTable(platforms: Iterable<AnyPlatform>, components?: Components): Table {
  const all = new Map<string, { operation: AnyOperation; platform: string | null }>();
  for (const operation of Object.values(operations)) all.set(operation.name, { operation, platform: null });
  for (const platform of platforms)
    for (const operation of nativeOperations(platform)) all.set(operation.name, { operation, platform: platform.id });
  return {
    operations: new Map([...all].map(([name, { operation }]) => [name, operation])),
    descriptors: new Map(
      [...all].map(([name, { operation, platform }]) => [name, describe(operation, platform, components)]),
    ),
  };
}
