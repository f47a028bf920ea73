import { runPluginRole } from "@botyard/core/plugin-role";

runPluginRole();
