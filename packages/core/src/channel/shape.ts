import type { AnySession, Call, ErrorData, Host, Receive } from "@botyard/sdk";

/** What crosses once when a session opens, from core to plugin. */
export interface Opening {
  readonly connection: Host["connection"];
  /** Base of the hook addresses, or the error `hooks.url()` throws. */
  readonly hooks: { readonly base: string } | { readonly error: ErrorData };
}

/** A session as data: which of its members there are. The members themselves are called by name. */
export interface SessionShape {
  /** By operation: a plain handler, or one with preparations. */
  readonly operations: Readonly<Record<string, "run" | "prepared">>;
  readonly effective: boolean;
  readonly reconcile: boolean;
  readonly verify: boolean;
  readonly login: boolean;
  readonly receive: null | {
    readonly http: boolean;
    readonly run: boolean;
    readonly backfill: boolean;
    readonly decode: boolean;
    readonly per: Receive["per"];
    readonly maxBodyBytes: number | undefined;
    readonly prove: { readonly everyMs: number; readonly timeoutMs: number } | null;
  };
}

/** A call without its signal, which crosses beside it. */
export type CallData = Omit<Call, "signal">;

export function shapeOf(session: AnySession): SessionShape {
  const { receive } = session;
  return {
    operations: Object.fromEntries(
      Object.entries(session.operations as Readonly<Record<string, unknown>>).map(([name, handler]) => [
        name,
        typeof handler === "function" ? "run" : "prepared",
      ]),
    ),
    effective: session.effective !== undefined,
    reconcile: session.reconcile !== undefined,
    verify: session.verify !== undefined,
    login: session.login !== undefined,
    receive: receive
      ? {
          http: receive.http !== undefined,
          run: receive.run !== undefined,
          backfill: receive.backfill !== undefined,
          decode: receive.decode !== undefined,
          per: receive.per,
          maxBodyBytes: receive.maxBodyBytes,
          prove: receive.prove ? { everyMs: receive.prove.everyMs, timeoutMs: receive.prove.timeoutMs } : null,
        }
      : null,
  };
}
