import type { AnyPlatform, Clock, Log } from "@botyard/sdk";
import type { Keys } from "./access/keys.ts";
import type { Table } from "./describe/describe.ts";
import type { Audit } from "./invoke/audit.ts";
import type { EventLog } from "./log/types.ts";
import type { PluginInstaller } from "./plugins/installer.ts";
import type { PluginControl } from "./plugins/types.ts";
import type { Registry } from "./registry/registry.ts";
import type { Vault } from "./registry/vault.ts";
import type { Sealer } from "./secrets/types.ts";
import type { EffectRow, Store } from "./store/types.ts";
import type { Supervisor } from "./supervise/supervisor.ts";
import type { Webhooks } from "./webhooks/webhooks.ts";
import type { InvokeOptions, InvokeResult } from "./runtime-types.ts";

/** The parts of a running Botyard, as its handlers see them. */
export interface Core {
  readonly version: string;
  readonly startedAt: string;
  readonly clock: Clock;
  readonly logger: Log;
  readonly store: Store;
  readonly registry: Registry;
  readonly sealer: Sealer;
  readonly vault: Vault;
  readonly keys: Keys;
  readonly audit: Audit;
  readonly log: EventLog;
  readonly table: Table;
  readonly platforms: ReadonlyMap<string, AnyPlatform>;
  readonly plugins: PluginControl;
  /** Null: without a data directory nothing is installed. */
  readonly installer: PluginInstaller | null;
  readonly supervisor: Supervisor;
  readonly webhooks: Webhooks;
  /** Base of the hook addresses; null while no outside URL is known. */
  readonly hooksUrl: string | null;
  readonly retentionMs: number | null;
  /** Aborted when the runtime closes. */
  readonly closing: AbortSignal;
  /** @see Kept.recover */
  recover(row: EffectRow): Promise<EffectRow>;
  /** Nested call of a handler; `granted` skips the grant on the operation, which the outer one had. */
  invoke(
    name: string,
    input: Readonly<Record<string, unknown>>,
    options: InvokeOptions & { readonly granted?: true },
  ): Promise<InvokeResult>;
  /** ISO 8601. */
  now(): string;
}
