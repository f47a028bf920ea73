import type { AnySession } from "@botyard/sdk";
import type { Core } from "../core.ts";
import { toTarget } from "../registry/registry.ts";
import type { Gaps } from "./gaps.ts";
import type { Live } from "./live.ts";
import { receiveLoop } from "./receive-loop.ts";

/** The receive loops of each open connection: one, or one for each bot that may receive. */
export interface Receivers {
  start(live: Live, session: AnySession): void;
  /** Begins anew with a bot whose credential was refused and is said to work again. */
  retry(live: Live, bot: string): void;
  /** Resolves when no loop of the connection runs any more. */
  stop(live: Live): Promise<void>;
}

interface Running {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export function createReceivers(parts: {
  readonly core: Pick<Core, "registry" | "store" | "clock" | "logger" | "now">;
  readonly gaps: Gaps;
  readonly changed: (live: Live) => void;
}): Receivers {
  const { core, gaps } = parts;
  const all = new Map<Live, Map<string, Running>>();

  const launch = (live: Live, session: AnySession, bot: string | undefined): void => {
    const { receive } = session;
    const running = all.get(live);
    if (!receive || !running || running.has(bot ?? "")) return;
    const abort = new AbortController();
    live.abort.signal.addEventListener("abort", () => abort.abort(), { once: true });
    const done = receiveLoop({
      core,
      gaps,
      live,
      receive,
      bot,
      signal: abort.signal,
      changed: () => parts.changed(live),
    }).catch((error: unknown) => core.logger.error("receiving ended", { connection: live.id, bot, error }));
    running.set(bot ?? "", { abort, done });
  };

  const halt = (live: Live, bot: string): void => {
    const running = all.get(live);
    running?.get(bot)?.abort.abort();
    running?.delete(bot);
    live.receiving.delete(bot);
  };

  return {
    start(live, session) {
      if (!session.receive) return;
      all.set(live, new Map());
      if (session.receive.per !== "bot") {
        launch(live, session, undefined);
        const end = core.registry.watch((change) => {
          // A new credential of the connection may be what a refused loop waited for.
          if (
            change.kind !== "credential" ||
            change.connection !== live.id ||
            live.receiving.get("")?.state !== "auth_required"
          )
            return;
          halt(live, "");
          launch(live, session, undefined);
        });
        live.abort.signal.addEventListener("abort", end, { once: true });
        return;
      }
      const follow = (): void => {
        const wanted = new Set(
          core.registry
            .bots(live.id)
            .filter((bot) => toTarget(bot).enabled && bot.native.nativeId !== null)
            .map((bot) => bot.handle),
        );
        for (const bot of all.get(live)?.keys() ?? []) if (!wanted.has(bot)) halt(live, bot);
        for (const bot of wanted) launch(live, session, bot);
      };
      follow();
      const end = core.registry.watch((change) => {
        if (change.connection !== live.id) return;
        if (change.kind === "credential") {
          const of = core.registry.get("credential", change.id)?.of;
          if (of && live.receiving.get(of)?.state === "auth_required") halt(live, of);
        }
        if (change.kind === "bot" || change.kind === "credential") follow();
      });
      live.abort.signal.addEventListener("abort", end, { once: true });
    },
    retry(live, bot) {
      if (!live.session || !all.get(live)?.has(bot) || live.receiving.get(bot)?.state !== "auth_required") return;
      halt(live, bot);
      launch(live, live.session, bot);
    },
    async stop(live) {
      const running = all.get(live);
      all.delete(live);
      for (const { abort } of running?.values() ?? []) abort.abort();
      await Promise.all([...(running?.values() ?? [])].map(({ done }) => done));
    },
  };
}
