import { BotyardError, type Receive, type RunCall } from "@botyard/sdk";
import * as api from "./api.ts";
import { backfill, catchUp } from "./backfill.ts";
import { diagnose, refusal } from "./diagnose.ts";
import type { Context } from "./context.ts";
import { createHooks } from "./hooks.ts";
import { decode, rawIdOf, rawOf } from "./intake.ts";
import { HoleError, LoginRefused, lost, openLine, type Line, type Place } from "./line.ts";
import { decodeKept } from "./redecode.ts";
import { standing, watchRefused } from "./refused.ts";
import { sessionOf } from "./session.ts";
import { retire } from "./tokens.ts";

const placeKey = (handle: string): string => `place/${handle}`;
const firstKey = (handle: string): string => `first/${handle}`;
/** A bot that is switched off is looked at this often, with the admin token. */
const lookEveryMs = 30_000;

/** Kept between runs; `connectionId` empty: there was a socket, and nothing of it can be resumed. */
interface Kept extends Place {
  /** The server's session the socket was opened with. */
  readonly session?: string | null;
  /** A hole was seen here already: the server will not fill it. */
  readonly holeAt?: number;
}

/** A line, and the session of the server behind it. */
interface Hearing {
  readonly line: Line;
  readonly session: string | null;
}

export function createReceive(context: Context): Receive {
  const { host } = context;
  const lines = new Map<string, Line>();
  /** Bots whose token works again only when somebody switches something on. */
  const off = new Set<string>();
  const nameOf = (call: RunCall): string => call.bot?.handle ?? "";

  async function keep(handle: string, place: Kept): Promise<void> {
    await host.store.put({ [placeKey(handle)]: place });
  }

  async function forget(handle: string, holeAt?: number): Promise<void> {
    await keep(handle, { connectionId: "", next: 0, ...(holeAt === undefined ? {} : { holeAt }) });
  }

  /** When the first socket of a bot was first wanted; null once what was said until its hello has been read. */
  async function firstTry(handle: string, never: boolean): Promise<number | null> {
    const noted = await host.store.get(firstKey(handle));
    if (typeof noted === "number") return noted;
    if (!never) return null;
    const now = host.clock.now();
    await host.store.put({ [firstKey(handle)]: now });
    return now;
  }

  /** Decodes and commits what a line hears; the place goes to disk together with the events. */
  async function pump({ line, session }: Hearing, call: RunCall, self: string): Promise<void> {
    const handle = nameOf(call);
    const socket = { handle, self, connectionId: line.connectionId, added: {} };
    for await (const batch of line.events) {
      if (call.signal.aborted) return;
      const events = await decode(context, batch, socket, call.signal);
      const last = batch.at(-1);
      if (last === undefined) continue;
      const place: Kept = { connectionId: line.connectionId, next: last.seq + 1, session };
      await host.commit(
        { via: "frame", id: rawIdOf(batch, line.connectionId), bots: [handle], raw: rawOf(batch), events },
        lines.get(handle) === line ? { put: { [placeKey(handle)]: place } } : {},
      );
    }
  }

  async function login(handle: string, place: Place | null, signal: AbortSignal): Promise<Hearing> {
    const token = await context.botToken(handle);
    if (token === null) throw refusal(await diagnose(context, handle, signal));
    try {
      const line = await openLine(context, { handle, token: token.secret, place, signal });
      try {
        const session = await sessionOf(context, handle, signal);
        // It still hears: so that session is the one it was opened with.
        await line.ping();
        return { line, session };
      } catch (error) {
        await line.close();
        throw error;
      }
    } catch (error) {
      const refused =
        error instanceof LoginRefused || (error instanceof BotyardError && error.code === "unauthenticated");
      if (!refused) throw error;
      await forget(handle);
      const before = await standing(context, handle, signal);
      const found = await diagnose(context, handle, signal);
      if (found.state === "fine") throw lost(`the login at the WebSocket failed: ${(error as Error).message}`, error);
      if (found.state === "refused") {
        watchRefused(context, handle, before);
        throw refusal(found);
      }
      off.add(handle);
      host.report({ kind: "bot", bot: handle }, { state: "disabled", reason: found.reason, remedy: found.remedy });
      throw lost(found.reason, error);
    }
  }

  /** Without knocking with a token that is known to be refused. */
  async function untilOn(handle: string, signal: AbortSignal): Promise<void> {
    while (off.has(handle)) {
      const found = await diagnose(context, handle, signal);
      if (found.state !== "off") {
        off.delete(handle);
        return;
      }
      const nap = new AbortController();
      const stop = (): void => nap.abort();
      signal.addEventListener("abort", stop, { once: true });
      context.wake.set(handle, stop);
      await host.clock.sleep(lookEveryMs, nap.signal).catch(() => {});
      signal.removeEventListener("abort", stop);
      if (signal.aborted) throw lost("receiving was ended");
    }
  }

  async function run(call: RunCall): Promise<void> {
    const handle = nameOf(call);
    const self = call.bot?.nativeId ?? "";
    context.recheck.delete(handle);
    await untilOn(handle, call.signal);
    const kept = ((await host.store.get(placeKey(handle))) ?? null) as Kept | null;
    const since = await firstTry(handle, kept === null);
    const place = kept === null || kept.connectionId === "" ? null : kept;
    const first = await login(handle, place, call.signal);
    let { line } = first;
    // A socket that was deaf for a while is resumed as if nothing had been missed.
    const proven = line.resumed && first.session !== null && first.session === kept?.session;
    const pumps = new Map<Line, Promise<void>>();
    const listen = (hearing: Hearing): void => {
      const on = hearing.line;
      lines.set(handle, on);
      const pumping = pump(hearing, call, self);
      // Looked at by the loop below, which may be busy with something else when a socket ends.
      pumping.catch(() => {});
      pumps.set(on, pumping);
    };
    let moved = (): void => {};
    try {
      await nameTeams(context, handle, call.signal);
      // First: a place that is kept before the gap is recorded would be resumed after a crash as if nothing had been missed.
      call.started({ from: proven ? "resumed" : kept === null ? "fresh" : "unknown" });
      await keep(handle, {
        connectionId: line.connectionId,
        next: line.first,
        session: first.session,
        ...(kept?.holeAt === undefined ? {} : { holeAt: kept.holeAt }),
      });
      listen(first);
      host.report({ kind: "bot", bot: handle }, { state: "ready" });
      if (since !== null && call.bot)
        void catchUp(context, call.bot, since, call.signal).then(
          () => host.store.put({ [firstKey(handle)]: null }),
          (error: unknown) =>
            host.log.warn("what was said before the first hello could not be read; tried again with the next socket", {
              bot: handle,
              error,
            }),
        );
      context.wake.set(handle, () => void check(call).catch(() => moved()));
      context.switchTo.set(handle, async () => {
        // Both hear for a moment: the log merges the copies, and nothing falls between.
        const fresh = await login(handle, null, call.signal);
        const before = line;
        line = fresh.line;
        listen(fresh);
        moved();
        await before.close();
      });
      void retire(context, handle).catch((error: unknown) =>
        host.log.warn("a replaced token could not be revoked", { bot: handle, error }),
      );
      for (;;) {
        const current = line;
        const wakened = new Promise<void>((told) => (moved = told));
        await Promise.race([pumps.get(current), wakened]);
        if (call.signal.aborted) return;
        // A change of sockets, or the end of the one that is in use.
        if (current === line) throw lost("the socket ended");
        pumps.get(current)?.catch(() => {});
      }
    } catch (error) {
      await afterLoss(handle, error, kept);
      throw error;
    } finally {
      context.wake.delete(handle);
      context.switchTo.delete(handle);
      if (lines.get(handle) === line) lines.delete(handle);
      await Promise.all([...pumps.keys()].map((one) => one.close()));
      await Promise.allSettled(pumps.values());
    }
  }

  /** A hole is asked for once more; one that stays is a gap, and the next socket begins anew. */
  async function afterLoss(handle: string, error: unknown, before: Kept | null): Promise<void> {
    if (!(error instanceof HoleError)) return;
    if (before?.holeAt === error.wanted) return forget(handle);
    const now = ((await host.store.get(placeKey(handle))) ?? null) as Kept | null;
    if (now !== null) await keep(handle, { ...now, holeAt: error.wanted });
  }

  async function check(call: RunCall): Promise<void> {
    const handle = nameOf(call);
    const line = lines.get(handle);
    if (line === undefined) throw lost("the socket is closed");
    try {
      await line.ping();
    } catch (error) {
      // What a deaf socket did not hear is never sent again.
      await forget(handle);
      throw error;
    }
  }

  return {
    http: createHooks(context),
    per: "bot",
    run,
    prove: { everyMs: 30_000, timeoutMs: 10_000, check },
    decode: (kept) => decodeKept(context, kept),
    backfill: (gap, signal) => backfill(context, gap, signal),
  };
}

/** Names of the bot's teams, once: events carry ids only. */
async function nameTeams(context: Context, handle: string, signal: AbortSignal): Promise<void> {
  const on = await context.bot(handle, signal);
  const teams = await api.myTeams(on).catch(() => []);
  for (const { id, name } of teams) context.directory.setTeam(id, name);
}
