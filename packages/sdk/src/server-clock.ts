import type { Clock } from "./host.ts";
import type { Http, HttpResponse } from "./http.ts";

/**
 * The chat server's clock beside ours: its history bears its times, gaps and effects bear ours. To a second, by the
 * `Date` of its newest answer.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-date
 */
export interface ServerClock {
  /** Milliseconds the server's clock is ahead of ours; null before an answer told. */
  readonly aheadMs: number | null;
  /** What the server's clock says now, in Unix milliseconds; ours before an answer told. */
  now(): number;
  /** What it said at a moment of ours in this session, in Unix milliseconds. */
  at(ms: number): number;
  /**
   * From when on to look in the server's history for what happened at a moment of ours or later, both in Unix
   * milliseconds. Never later than that moment: our clock may have been another one then.
   */
  since(ms: number): number;
  /** The same HTTP; the `Date` of each answer is looked at. */
  watch(http: Http): Http;
}

/**
 * @example
 * const server = createServerClock(host.clock);
 * const http = server.watch(host.http(url));
 * // later, in a backfill
 * const from = server.since(Date.parse(gap.from)) - 60_000;
 */
export function createServerClock(clock: Pick<Clock, "now">): ServerClock {
  let aheadMs: number | null = null;
  const look = <T extends Pick<HttpResponse, "headers">>(answer: T): T => {
    const date = Date.parse(answer.headers["date"] ?? "");
    if (!Number.isNaN(date)) aheadMs = date - clock.now();
    return answer;
  };
  return {
    get aheadMs() {
      return aheadMs;
    },
    now: () => clock.now() + (aheadMs ?? 0),
    at: (ms) => ms + (aheadMs ?? 0),
    since: (ms) => ms + Math.min(0, aheadMs ?? 0),
    watch: (http) => ({
      request: async (request) => look(await http.request(request)),
      stream: async (request) => look(await http.stream(request)),
    }),
  };
}
