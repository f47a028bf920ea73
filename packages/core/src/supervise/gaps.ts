import type { Gap, GapOutcome } from "@botyard/sdk";
import type { Core } from "../core.ts";

export interface GapCause {
  readonly connection: string;
  readonly bots?: readonly string[] | undefined;
  /** ISO 8601: the last moment nothing was missing. */
  readonly from: string;
  readonly cause: string;
}

/** Records of intervals in which events may be missing, each told in the log too. */
export interface Gaps {
  open(cause: GapCause): Promise<Gap>;
  /** The open gap of a receiver, if there is one. */
  current(connection: string, bot: string | undefined): Gap | undefined;
  /**
   * Receiving again: the interval has an end, now or where a clock that was set back had been before; and it begins
   * earlier where the clock was set back while it was open. ISO 8601.
   */
  end(gap: Gap, bounds: { readonly from: string; readonly ahead: string | null }): Promise<Gap>;
  /** Nothing was missing, or everything was found: one record a room that stays lost, the rest filled. */
  settle(gap: Gap, outcomes: readonly GapOutcome[]): Promise<void>;
}

export function createGaps(core: Pick<Core, "registry" | "store" | "log" | "now">): Gaps {
  const { registry, store } = core;
  const platformOf = (connection: string) => ({ id: connection, platform: registry.connection(connection).platform });
  const save = (gap: Gap) => registry.save([{ kind: "gap", id: gap.id, scope: gap.connection, value: gap }]);
  const tell = async (type: "gap.opened" | "gap.filled" | "gap.lost", gap: Gap) => {
    await save(gap);
    await core.log.emit(platformOf(gap.connection), {
      type,
      gap,
      ...(gap.bots ? { bots: gap.bots } : {}),
      ...(gap.rooms ? { rooms: gap.rooms } : {}),
    });
  };

  return {
    current: (connection, bot) =>
      registry
        .list("gap", connection)
        .find(
          (gap) =>
            gap.state === "open" &&
            gap.rooms === undefined &&
            (bot === undefined ? gap.bots === undefined : gap.bots?.includes(bot)),
        ),
    async open({ connection, bots, from, cause }) {
      const gap: Gap = {
        id: `gap_${await store.nextNumber("gap")}`,
        connection,
        ...(bots ? { bots: [...bots] } : {}),
        from,
        to: null,
        cause,
        certainty: "possible",
        state: "open",
        messages: 0,
      };
      await tell("gap.opened", gap);
      return gap;
    },
    async end(gap, { from, ahead }) {
      const now = core.now();
      const ended = {
        ...gap,
        from: from < gap.from ? from : gap.from,
        to: ahead !== null && ahead > now ? ahead : now,
      };
      await save(ended);
      return ended;
    },
    async settle(gap, outcomes) {
      const lost = outcomes.filter((outcome) => outcome.outcome === "lost");
      const filled = outcomes.filter((outcome) => outcome.outcome === "filled");
      const messages = filled.reduce((sum, outcome) => sum + outcome.messages, 0);
      const certainty = messages > 0 ? "proven" : gap.certainty;
      const whole = lost.find((outcome) => outcome.room === undefined);
      if (whole && filled.length === 0) {
        await tell("gap.lost", {
          ...gap,
          state: "lost",
          certainty,
          messages: 0,
          ...(whole.reason ? { reason: whole.reason } : {}),
        });
        return;
      }
      for (const outcome of lost) {
        const id = `gap_${await store.nextNumber("gap")}`;
        await tell("gap.lost", {
          ...gap,
          id,
          state: "lost",
          certainty: gap.certainty,
          messages: 0,
          ...(outcome.room ? { rooms: [outcome.room] } : {}),
          ...(outcome.reason ? { reason: outcome.reason } : {}),
        });
      }
      await tell("gap.filled", { ...gap, state: "filled", certainty, messages });
    },
  };
}
