import { type JsonSchema, jsonSchemaOf } from "@botyard/core";
import { type AnyPlatform, isBotyardError } from "@botyard/sdk";
import type { Session } from "./session.ts";

/** Schema of what a platform adds: its settings, or its options of an operation; null where it declares none. */
export function platformSchema(
  platform: AnyPlatform,
  what: "settings" | { readonly operation: string },
): JsonSchema | null {
  const schema = what === "settings" ? platform.settings : platform.extras?.[what.operation];
  return schema ? jsonSchemaOf(schema, "input") : null;
}

/**
 * The same for the platform of a connection; null where the key may not know it. `connections update` takes settings,
 * every other operation its options.
 */
export async function connectionSchema(
  session: Session,
  connection: string,
  operation: string,
): Promise<JsonSchema | null> {
  try {
    const found = await (await session.client()).connections.get({ connection });
    const platform = (await session.catalog.platforms()).find(({ id }) => id === found.platform);
    if (!platform) return null;
    return platformSchema(platform, operation === "connections.update" ? "settings" : { operation });
  } catch (error) {
    if (isBotyardError(error) && error.code === "forbidden") return null;
    throw error;
  }
}
