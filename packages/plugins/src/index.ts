export { type Checked, checkPlugin } from "./check.ts";
export { createInstaller, type InstallerOptions } from "./installer.ts";
export { type Packed, packPlugin } from "./pack.ts";
export { runSuite, type SuiteResult } from "./suite.ts";
export { newPlugin, scaffoldPlugin } from "./scaffold.ts";
