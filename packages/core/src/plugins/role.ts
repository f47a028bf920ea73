import { BotyardError } from "@botyard/sdk";
import { runPluginProcess } from "../channel/plugin-process.ts";
import { importPlatform } from "./import-platform.ts";

/** Whether this process was started to run a plugin: `BOTYARD_ROLE=plugin`. */
export function isPluginRole(env: Readonly<Record<string, string | undefined>>): boolean {
  return env["BOTYARD_ROLE"] === "plugin";
}

/**
 * The whole of such a process: imports the module that `BOTYARD_PLUGIN` names and serves it to the parent until that
 * goes. Both variables are taken out of the environment: what the plugin starts is not one.
 */
export function runPluginRole(env: Record<string, string | undefined> = process.env): void {
  const entry = env["BOTYARD_PLUGIN"];
  delete env["BOTYARD_ROLE"];
  delete env["BOTYARD_PLUGIN"];
  runPluginProcess(async () => {
    if (!entry) throw new BotyardError("invalid", "BOTYARD_PLUGIN names no module");
    return importPlatform(entry);
  });
}
