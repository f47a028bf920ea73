import type { PluginInstaller } from "./plugins/installer.ts";
import type { PluginOptions } from "./plugins/types.ts";
import type { AnyPlatform, Clock } from "@botyard/sdk";
import type { Fetch } from "./host/http.ts";
import type { Logger } from "./host/logger.ts";
import type { Redactor } from "./host/redact.ts";
import type { Retention } from "./retention.ts";
import type { Sealer } from "./secrets/types.ts";
import type { Store } from "./store/types.ts";
import type { WebhookParts } from "./webhooks/webhooks.ts";

/** An address, none, or what answers with either later. */
export type HooksUrl = string | null | (() => string | null);

export interface RuntimeOptions {
  readonly version: string;
  readonly platforms: readonly AnyPlatform[];
  /** Closed with the runtime. */
  readonly store: Store;
  readonly sealer: Sealer;
  readonly logger: Logger;
  readonly redactor: Redactor;
  /** Receives, fills gaps and verifies steps in the background: the service does, a single command does not. */
  readonly receive: boolean;
  /**
   * Under which chat servers reach us: `https://bots.example.org`; null while unknown. As a function: asked when it is
   * needed, since a listener on a free port knows its address only when it is open.
   */
  readonly hooksUrl?: HooksUrl;
  readonly retention?: Retention;
  /** Third-party plugins; absent: there are none, and none can be loaded into a process of its own. */
  readonly plugins?: PluginOptions;
  /** Puts them on the disk; absent: `plugins.*` answers `unsupported`. */
  readonly installer?: PluginInstaller;
  readonly clock?: Clock;
  /** Instead of the network: simulators. */
  readonly fetch?: Fetch;
  /** How webhooks find and trust their addresses. For tests. */
  readonly webhooks?: Pick<WebhookParts, "lookup" | "ca" | "post">;
}
