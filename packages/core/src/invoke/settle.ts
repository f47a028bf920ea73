import { type Acting, BotyardError, type Event, type OpenEffect } from "@botyard/sdk";
import type { Core } from "../core.ts";
import { toSent } from "../operations/messages.ts";
import type { EffectRow } from "../store/types.ts";
import { ended, openResult, sealResult } from "./ledger.ts";

/** Whether history still has something to say: an unknown end, or a send that came back without an id. */
export function isUnsettled(core: Pick<Core, "sealer">, row: EffectRow): boolean {
  if (row.state === "unknown") return true;
  if (row.state !== "done" || row.operation !== "messages.send" || row.sealed) return false;
  return (openResult(core, row).value as { message?: unknown }).message === null;
}

function actingAgain(core: Core, row: EffectRow): Acting | null {
  if (!row.as || !row.connection) return null;
  const platform = core.platforms.get(core.registry.connection(row.connection).platform);
  const holder = row.as.kind === "bot" ? "bot" : "account";
  const of = row.as.kind === "bot" ? row.as.handle : row.as.id;
  for (const [kind, declared] of Object.entries(platform?.credentials ?? {})) {
    if (declared.holder !== holder) continue;
    const credential = core.vault.find(row.connection, holder === "bot" ? { kind, bot: of } : { kind, account: of });
    if (credential) return { ...row.as, credential };
  }
  return { ...row.as, credential: null };
}

async function settle(
  core: Core,
  row: EffectRow,
  by: "history" | "echo",
  answer: Readonly<Record<string, unknown>>,
): Promise<EffectRow> {
  const value = row.operation === "messages.send" ? toSent(row, row.connection ?? "", row.room ?? "", answer) : answer;
  const patch = {
    state: "done" as const,
    effect: "applied" as const,
    error: null,
    settledBy: by,
    updatedAt: core.now(),
    ...ended(row),
    ...sealResult(core, row.id, { value, status: row.operation === "messages.send" ? 201 : 200 }, row.sealed),
  };
  await core.store.updateEffect(row.id, patch);
  return { ...row, ...patch };
}

/**
 * Asks the platform's history what became of an effect, unless its echo was heard while the call ran. A row that has ended comes back as it is; one that history
 * cannot settle stays `unknown`.
 */
export async function settleFromHistory(core: Core, row: EffectRow, signal: AbortSignal): Promise<EffectRow> {
  if (!isUnsettled(core, row) || row.connection === null) return row;
  const echo = earlyOf(core).get(row.id);
  if (echo) return settle(core, row, "echo", echo);
  if (row.call?.why === "recover") return core.recover(row);
  const { live, session } = await core.supervisor.session(row.connection);
  if (!session.reconcile)
    throw new BotyardError(
      "unsupported",
      `${live.platform.title} has no history in which ${row.operation} could be found; ask a person to look`,
    );
  const effect: OpenEffect = {
    id: row.id,
    operation: row.operation,
    effectId: row.effectId,
    attempts: row.attempts,
    room: row.room,
    as: actingAgain(core, row),
    startedAt: row.createdAt,
  };
  const verdict = await session.reconcile(effect, signal);
  if (verdict.state === "done") return settle(core, row, "history", verdict.answer);
  if (verdict.state === "unknown" || row.state === "done") return row;
  const patch = {
    state: "failed" as const,
    effect: "none" as const,
    error: { code: "upstream" as const, detail: verdict.reason, details: { effect: "none" as const } },
    settledBy: "history" as const,
    updatedAt: core.now(),
    ...ended(row),
  };
  await core.store.updateEffect(row.id, patch);
  return { ...row, ...patch };
}

/** Our own message came back as an event: the row it belongs to has ended, whatever was answered. */
export async function settleFromEcho(core: Core, connection: string, effectId: string, event: Event): Promise<void> {
  const row = await core.store.findEffect({ connection, effectId });
  // Others can read the mark of an echo in our messages: only what the same actor said counts.
  if (!row || !event.message || event.actor?.id !== row.as?.id) return;
  const answer = { message: event.message.id, time: event.time };
  if (isUnsettled(core, row)) await settle(core, row, "echo", answer);
  // While the call runs its own answer settles it; where that never comes, this is what is known.
  else if (row.state === "attempting") remember(core, row.id, answer);
}

type Echo = Readonly<Record<"message" | "time", string>>;

/** Echoes of calls that were still running, by row. They are of use for as long as an answer may take. */
const early = new WeakMap<Core, Map<string, Echo>>();
const mostEarly = 10_000;

function earlyOf(core: Core): Map<string, Echo> {
  const known = early.get(core) ?? new Map<string, Echo>();
  early.set(core, known);
  return known;
}

function remember(core: Core, row: string, echo: Echo): void {
  const known = earlyOf(core);
  known.set(row, echo);
  const [oldest] = known.keys();
  if (known.size > mostEarly && oldest !== undefined) known.delete(oldest);
}

const lookMs = 60_000;

/** A look that does not end leaves its turn to the others. */
async function withinTime<T>(core: Core, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const over = new AbortController();
  const limit = core.clock.sleep(lookMs, AbortSignal.any([signal, over.signal])).then(
    () => {
      late.abort();
      throw new BotyardError("timeout", "the history was not read in time", { effect: "none" });
    },
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([work(AbortSignal.any([signal, late.signal])), limit]);
  } finally {
    over.abort();
  }
}

/** Histories of one server that are looked through at once, for what nobody waits for. */
const mostAtOnce = 4;
const turns = new WeakMap<Core, Map<string, { running: number; readonly waiting: (() => void)[] }>>();

/** After a crash there may be hundreds of rows without an end: they ask their server a few at a time. */
async function inTurn<T>(core: Core, connection: string, work: () => Promise<T>): Promise<T> {
  const all = turns.get(core) ?? new Map<string, { running: number; readonly waiting: (() => void)[] }>();
  turns.set(core, all);
  const turn = all.get(connection) ?? { running: 0, waiting: [] };
  all.set(connection, turn);
  if (turn.running >= mostAtOnce) await new Promise<void>((resolve) => turn.waiting.push(resolve));
  else turn.running += 1;
  try {
    return await work();
  } finally {
    const next = turn.waiting.shift();
    // The turn is handed on: who waits takes the place of who leaves.
    if (next) next();
    else turn.running -= 1;
  }
}

const waitsMs = [1_000, 5_000, 30_000, 300_000];

/** Looks by itself for rows without an end, more seldom with time, as long as the platform has a history. */
export async function settleInBackground(core: Core, id: string, signal: AbortSignal): Promise<void> {
  for (const wait of waitsMs) {
    await core.clock.sleep(wait, signal).catch(() => {});
    if (signal.aborted) return;
    const known = await core.store.getEffect(id);
    if (!known || !isUnsettled(core, known)) return;
    const settled = await inTurn(core, known.connection ?? "", async () => {
      const row = await core.store.getEffect(id);
      if (signal.aborted || !row || !isUnsettled(core, row)) return row;
      return withinTime(core, signal, (limited) => settleFromHistory(core, row, limited)).catch((error: unknown) => {
        core.logger.info("an effect could not be settled yet", { effect: id, error });
        return row;
      });
    });
    if (!settled || !isUnsettled(core, settled)) return;
  }
}
