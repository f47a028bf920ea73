import { BotyardError, type Host, type Receive } from "@botyard/sdk";
import type { Live } from "../supervise/live.ts";

/** What a plugin may reach and be reached by, as its manifest asks for and the operator has seen. */
export interface PluginRights {
  /** `settings`, `server`, or origins. */
  readonly origins: readonly string[];
  readonly hooks: boolean;
}

/** Origins beside the connection's own URL. Null: a platform of this binary, which reaches what its settings and its server name. */
export function originsOf(
  rights: PluginRights | null,
  named: { readonly settings: Readonly<Record<string, unknown>>; readonly server: readonly string[] | undefined },
): readonly string[] {
  const reach = (what: string): boolean => rights === null || rights.origins.includes(what);
  return [
    ...(rights?.origins ?? []),
    ...(reach("server") ? (named.server ?? []) : []),
    ...(reach("settings") ? Object.values(named.settings) : []).filter(
      (value): value is string => typeof value === "string" && URL.canParse(value),
    ),
  ];
}

/** Without the right to hooks a plugin gets no address for them. */
export function withRights(rights: PluginRights | null, host: Host): Host {
  if (rights === null || rights.hooks) return host;
  const url = (): never => {
    throw new BotyardError("forbidden", 'The plugin\'s manifest does not ask for hooks; its author sets "hooks": true');
  };
  return { ...host, hooks: { ...host.hooks, url } };
}

/** How a connection takes requests of its chat server; nothing where its plugin did not ask for them. */
export function hookOf({ session, condition }: Live, rights: PluginRights | null): Receive | undefined {
  if (session || rights === null) return rights?.hooks === false ? undefined : session?.receive;
  if (!rights.hooks) return undefined;
  // Its process is down: a failure brings the request again, "not found" might not.
  return {
    http: () => Promise.reject(new BotyardError("plugin_failed", condition.reason ?? "The plugin does not run")),
  };
}
