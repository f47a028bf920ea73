import type { Check, State } from "@botyard/sdk";
import type { Core } from "../core.ts";
import type { CredentialRecord } from "../store/types.ts";
import { capabilityOf, type Live, stateOf } from "./live.ts";

const dayMs = 86_400_000;
/** How long before its end a credential is said to be ending, and said again. */
const aheadMs = [14 * dayMs, 3 * dayMs, dayMs];
/** Looked at anyway: a clock may be set, a machine may sleep. */
const longestWaitMs = dayMs;

/** Where a credential stands before its end. */
interface Standing {
  /** Milliseconds ahead of the end that were passed last; null: its end is far. */
  readonly stage: number | null;
  /** When the next one comes, Unix milliseconds; null: none. */
  readonly next: number | null;
}

/** A token that is made for a day is not said to be ending from its first minute: no stage takes over half of a life. */
function standingOf({ createdAt, expiresAt }: CredentialRecord, now: number): Standing {
  const end = Date.parse(expiresAt ?? "");
  if (Number.isNaN(end)) return { stage: null, next: null };
  const life = end - Date.parse(createdAt);
  const fit = aheadMs.filter((ms) => ms <= life / 2);
  const stages = [...(fit.length > 0 ? fit : [Math.max(0, life / 4)]), 0];
  const left = end - now;
  const passed = stages.filter((ms) => left <= ms);
  const coming = stages.find((ms) => left > ms);
  return { stage: passed.at(-1) ?? null, next: coming === undefined ? null : end - coming };
}

const markKey = ({ kind, of }: CredentialRecord): string => `~expiring/${kind}/${of ?? ""}`;

/** What renews it, as it is typed. */
function renewal(live: Live, { connection, kind, of, holder }: CredentialRecord): string {
  if (holder === "bot")
    for (const verb of ["rotate", "issue"])
      if (capabilityOf(live, `credentials.${verb}`).support !== "none")
        return `botyard credentials ${verb} ${connection}/${of ?? ""}`;
  return `botyard credentials import ${connection} ${kind}${of === null ? "" : ` --${holder} ${of}`} --secret -`;
}

function stateOfEnding(live: Live, record: CredentialRecord, stage: number): State {
  const of = record.of === null ? "" : ` of ${record.of}`;
  const since = new Date(Date.parse(record.expiresAt ?? "") - stage).toISOString();
  const remedy = renewal(live, record);
  return stage === 0
    ? stateOf("auth_required", since, `the ${record.kind}${of} ended ${record.expiresAt}`, remedy)
    : stateOf("degraded", since, `the ${record.kind}${of} ends ${record.expiresAt}`, remedy);
}

/** Credentials that end soon, as lines of `doctor`. */
export function expiringChecks(live: Live): Check[] {
  return [...live.expiring.values()].map(({ state, reason = "", remedy }) => ({
    name: "credential",
    state: state === "auth_required" ? "fail" : "warn",
    detail: reason,
    ...(remedy === undefined ? {} : { fix: remedy }),
  }));
}

/**
 * Keeps in `live.expiring` which credentials of a connection end soon or have ended, by id, until the connection closes.
 * With `emit`, each is told in the log 14 days, 3 days and one day ahead (`credential.expiring`), once each, across
 * restarts. Nothing is renewed by itself. Platforms say only when a credential ends.
 */
export function watchExpiry(
  core: Pick<Core, "registry" | "store" | "clock" | "log" | "logger">,
  live: Live,
  options: { readonly emit: boolean; readonly changed: (live: Live) => void },
): void {
  const { registry, store, clock } = core;
  const { signal } = live.abort;
  let wake = new AbortController();

  async function tell(record: CredentialRecord, stage: number, { reason }: State): Promise<void> {
    const told = (await store.pluginGet(live.id, markKey(record))) as
      | { id?: string; stage?: number }
      | null
      | undefined;
    if (told?.id === record.id && (told.stage ?? Infinity) <= stage) return;
    if (stage > 0)
      await core.log.emit(
        { id: live.id, platform: live.platform.id },
        {
          type: "credential.expiring",
          ...(record.holder === "bot" && record.of !== null ? { bots: [record.of] } : {}),
          credential: { id: record.id, kind: record.kind, of: record.of, expiresAt: record.expiresAt ?? "" },
          state: { state: "degraded", ...(reason === undefined ? {} : { reason }) },
        },
      );
    await store.pluginPut(live.id, { [markKey(record)]: { id: record.id, stage } });
  }

  /** Answers when to look again, Unix milliseconds; null: when a credential changes. */
  function look(): number | null {
    const now = clock.now();
    let next: number | null = null;
    live.expiring.clear();
    for (const record of registry.list("credential", live.id)) {
      const standing = standingOf(record, now);
      if (standing.next !== null) next = Math.min(next ?? Infinity, standing.next);
      if (standing.stage === null) continue;
      const state = stateOfEnding(live, record, standing.stage);
      live.expiring.set(record.id, state);
      if (options.emit)
        void tell(record, standing.stage, state).catch((error: unknown) =>
          core.logger.error("the end of a credential could not be told", { connection: live.id, error }),
        );
    }
    options.changed(live);
    return next;
  }

  async function keepLooking(): Promise<void> {
    while (!signal.aborted) {
      wake = new AbortController();
      const next = look();
      if (next === null) await aborted(wake.signal);
      else await clock.sleep(Math.min(next - clock.now(), longestWaitMs), wake.signal).catch(() => {});
    }
  }

  const end = registry.watch((change) => {
    if (change.kind === "credential" && change.connection === live.id) wake.abort();
  });
  signal.addEventListener("abort", () => (end(), wake.abort()), { once: true });
  void keepLooking();
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
