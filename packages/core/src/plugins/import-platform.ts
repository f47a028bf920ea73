import { pathToFileURL } from "node:url";
import { type AnyPlatform, BotyardError, isBotyardError } from "@botyard/sdk";
import { checkPlatform } from "./check-platform.ts";

/** The module's default export, looked at. Throws `invalid` naming what is missing, `plugin_failed` where it throws. */
export async function importPlatform(entryFile: string): Promise<AnyPlatform> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(entryFile).href)) as typeof module;
  } catch (error) {
    if (isBotyardError(error)) throw error;
    const name = error instanceof Error ? error.name : typeof error;
    throw new BotyardError("plugin_failed", `its code could not be loaded: ${name}`, { cause: error });
  }
  return checkPlatform(module.default);
}
