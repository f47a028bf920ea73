export { createCli } from "./cli.ts";
export type { Io } from "./io.ts";
export type { CheckedPlugin, PackedPlugin, PluginWorks } from "./plugin-works.ts";
export type { Cli, CliOptions, ServiceOptions, StartedService, StartService } from "./types.ts";
