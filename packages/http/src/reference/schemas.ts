import { type Descriptor, describe, type JsonSchema, jsonSchemaOf, type Runtime } from "@botyard/core";
import * as sdk from "@botyard/sdk";
import { type Extra, readExtras } from "./extras.ts";

type Components = NonNullable<Parameters<typeof describe>[2]>;

const named = new Set(["object", "picklist", "union", "variant"]);

/** The contract's own schemas by name: `Bot`, `Event`. Short texts (handles, ids, times) are clearer where they stand. */
const components: Components = Object.fromEntries(
  Object.entries(sdk as Readonly<Record<string, unknown>>).filter(([name, value]) => {
    const { kind, type } = (typeof value === "object" && value !== null ? value : {}) as {
      kind?: string;
      type?: string;
    };
    return /^[A-Z]/.test(name) && kind === "schema" && named.has(type ?? "");
  }),
) as Components;

export interface Reference {
  /** As the runtime's, but schemas with a name are `{ "$ref": "#/components/schemas/Bot" }`. */
  readonly descriptors: readonly Descriptor[];
  /** Those that something refers to, and those of the platforms. */
  readonly schemas: ReadonlyMap<string, JsonSchema>;
  readonly extras: readonly Extra[];
}

/** What the OpenAPI document and the reference pages are made of. */
export function readReference(runtime: Runtime): Reference {
  const descriptors = [...runtime.descriptors.values()].map((descriptor) => {
    const operation = runtime.operations.get(descriptor.name);
    return operation ? describe(operation, descriptor.platform, components) : descriptor;
  });
  const schemas = new Map<string, JsonSchema>();
  const follow = (value: unknown): void => {
    for (const name of refsIn(value)) {
      const schema = components[name];
      if (!schema || schemas.has(name)) continue;
      // Without itself among the definitions: it would become a reference to itself.
      const { [name]: _, ...others } = components;
      const made = jsonSchemaOf(schema, "output", others);
      schemas.set(name, made);
      follow(made);
    }
  };
  for (const { fields, output } of descriptors) follow([fields.map((field) => field.schema), output.schema]);
  const extras = readExtras(runtime);
  for (const { name, schema } of extras) schemas.set(name, schema);
  return { descriptors, extras, schemas: new Map([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

const refPrefix = "#/components/schemas/";

/** `#/components/schemas/Bot` → `Bot` */
export function refName(ref: unknown): string | null {
  return typeof ref === "string" && ref.startsWith(refPrefix) ? ref.slice(refPrefix.length) : null;
}

/** What a field's schema says of itself, also inside of `… | null`. */
export function descriptionOf(schema: JsonSchema): string | null {
  if (typeof schema["description"] === "string") return schema["description"];
  for (const option of (schema["anyOf"] ?? []) as readonly JsonSchema[]) {
    const inner = descriptionOf(option);
    if (inner !== null) return inner;
  }
  return null;
}

function* refsIn(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const name = key === "$ref" ? refName(inner) : null;
    if (name === null) yield* refsIn(inner);
    else yield name;
  }
}
