export { allowsOperation, presets } from "./access/grants.ts";
export { isKeyText } from "./access/key-text.ts";
export { loadConfig, type Config } from "./config/config.ts";
export { parseDuration } from "./config/duration.ts";
export { defaultConfigFile } from "./config/paths.ts";
export type { ListenAddress } from "./config/schema.ts";
export { suggest } from "./config/suggest.ts";
export { describe, describeTable, type Table } from "./describe/describe.ts";
export type { Descriptor, Field, JsonSchema } from "./describe/descriptor.ts";
export { describePlatform, platformOf } from "./describe/platform.ts";
export { jsonSchemaOf, type Components } from "./describe/json-schema.ts";
export { systemClock } from "./host/clock.ts";
export type { Fetch } from "./host/http.ts";
export { createLogger, type Logger, type LogFormat, type LogLevel } from "./host/logger.ts";
export { createRedactor, type Redactor } from "./host/redact.ts";
export { rekey, type Rekeyed } from "./keeping/rekey.ts";
export { checkBackup, restoreBackup, type Restored } from "./keeping/restore.ts";
export { adminKeyFile, databaseFile, openBotyard, type Opened, type OpenOptions } from "./open.ts";
export { createRuntime } from "./runtime.ts";
export type { HooksUrl, RuntimeOptions } from "./runtime-options.ts";
export type { InvokeOptions, InvokeResult, Principal, Runtime } from "./runtime-types.ts";
export { createMemorySealer } from "./secrets/seal.ts";
export { openStore, type StoreOptions } from "./store/open-store.ts";
export type { Store } from "./store/types.ts";
export { ulid } from "./ulid.ts";
export { remotePlatform, type RemotePlatform } from "./channel/core-side.ts";
export { servePlatform } from "./channel/plugin-side.ts";
export { createPortPair, type Port } from "./channel/port.ts";
export type {
  BrokenPlugin,
  LockedPlugin,
  PluginInspection,
  PluginInstaller,
  StagedPlugin,
  StageOptions,
} from "./plugins/installer.ts";
export { importPlatform } from "./plugins/import-platform.ts";
export { selfSpawn } from "./plugins/self.ts";
export type {
  InstalledPlugin,
  PluginControl,
  PluginIdentity,
  PluginLimits,
  PluginOptions,
  PluginState,
  PluginStatus,
  SelfSpawn,
} from "./plugins/types.ts";
