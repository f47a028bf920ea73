import type { BotTarget, EventDraft, Gap } from "@botyard/sdk";
import { open, type Opened } from "./session.ts";

/** Where calls go. */
export const home = { connection: "home" } as const;

/** A bot whose socket is open. */
export interface Running extends Opened {
  readonly helper: BotTarget;
  /** Ends with the error of the run. */
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

export async function running(options: Parameters<typeof open>[0] = {}): Promise<Running> {
  const opened = await open(options);
  const helper = await opened.bot("helper");
  return { ...opened, helper, ...(await receive(opened, helper)) };
}

/** Opens the socket of a bot, again. */
export async function receive(
  { session }: Pick<Opened, "session">,
  bot: BotTarget,
): Promise<Pick<Running, "ended" | "stop">> {
  const ending = new AbortController();
  let started = (): void => {};
  const open_ = new Promise<void>((resolve) => (started = resolve));
  const ended = session.receive?.run?.({ bot, signal: ending.signal, started: () => started() }).then(
    () => null,
    (error: unknown) => error,
  );
  await Promise.race([open_, ended]);
  return {
    ended: ended ?? Promise.resolve(null),
    async stop() {
      ending.abort();
      await ended;
    },
  };
}

export const ofType =
  (type: string) =>
  (event: EventDraft): boolean =>
    event.type === type;
/** An open gap of these bots. */
export const gapFrom = (from: string, bots: string[]): Gap => ({
  id: "gap_1",
  connection: "home",
  bots,
  from,
  to: null,
  cause: "test",
  certainty: "possible",
  state: "open",
  messages: 0,
});
