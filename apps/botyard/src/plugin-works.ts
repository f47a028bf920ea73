import type { PluginWorks } from "@botyard/cli";
import { checkPlugin, createInstaller, packPlugin, runSuite, scaffoldPlugin } from "@botyard/plugins";

/** Installing and making plugins, for the command line. */
export const pluginWorks: PluginWorks = {
  installer: createInstaller,
  pack: packPlugin,
  check: checkPlugin,
  suite: runSuite,
  scaffold: scaffoldPlugin,
};
