import { isPluginRole, runPluginRole } from "@botyard/core/plugin-role";

// This program is also the process of each plugin: then nothing else of it is loaded.
if (isPluginRole(process.env)) runPluginRole();
else await import("./command-line.ts");
