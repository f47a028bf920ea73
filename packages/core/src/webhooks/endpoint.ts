import type { Event } from "@botyard/sdk";
import { systemClock } from "../host/clock.ts";
import type { AttemptRow, DeliveryRow } from "../store/types.ts";
import type { Endpoint, EndpointParts } from "./endpoint-types.ts";
import { createFeed } from "./feed.ts";
import { createJournal } from "./journal.ts";
import { createLanes, type Job, laneOf } from "./lanes.ts";
import { createStamp, textOf } from "./once.ts";
import { noAnswer, type PostAnswer } from "./post.ts";
import { mostAttempts, retryAfterMs, waitAfter } from "./schedule.ts";

const mostInFlight = 32;
/** Read ahead in memory. */
const window = 500;
/** Rows of their own; beyond, the log itself is the queue. */
const mostStored = 5_000;
/** Refusals in a row until it gets a rest. */
const restAfter = 5;

/** @see Endpoint */
export function startEndpoint(parts: EndpointParts): Endpoint {
  const { clock, logger, name } = parts;
  /** Nothing more is begun. */
  const ended = new AbortController();
  /** What is under way is given up. */
  const stopping = new AbortController();
  const { signal } = stopping;
  const lanes = createLanes();
  let underWay = 0;
  /** Told when nothing is under way any more. */
  let whenIdle = (): void => {};
  const iso = (ms: number): string => new Date(ms).toISOString();
  const stamp = createStamp();
  let alarm: AbortController | null = null;
  let refusals = 0;
  /** Answers to what was sent before the last change of pace say nothing about it. */
  let pace = 0;

  const journal = createJournal({
    webhook: name,
    store: parts.store,
    clock,
    logger,
    state: parts.state,
    place: () => feed.place(),
    freed() {
      pump();
      feed.go();
    },
  });
  const feed = createFeed({
    webhook: name,
    log: parts.log,
    clock,
    logger,
    state: parts.state,
    filter: parts.filter,
    maxAgeMs: parts.maxAgeMs,
    signal: ended.signal,
    room: (again) =>
      !journal.stuck() &&
      lanes.size - lanes.stored < (again ? window / 2 : window) &&
      lanes.stored < (again ? mostStored - window : mostStored),
    give,
    moved: () => journal.moved(),
    skipped(count) {
      journal.patch({ skipped: journal.state().skipped + count });
      logger.warn("a webhook skipped events that were older than its maxAgeMs", { webhook: name, count });
    },
    lost(count) {
      if (count === 0) return;
      journal.patch({ lost: journal.state().lost + count });
      logger.error("retention removed events before a webhook took them", { webhook: name, count });
    },
  });

  const rowOf = (job: Job, more: Partial<DeliveryRow> = {}): DeliveryRow => ({
    seq: job.seq,
    event: job.event,
    lane: job.lane,
    state: "waiting",
    attempts: job.attempts,
    nextAt: iso(job.nextAt),
    reason: null,
    ...more,
  });

  /** From now on its row keeps it, and the place in the log may move past it. */
  function store(job: Job, more: Partial<DeliveryRow> = {}): void {
    journal.row(rowOf(job, more));
    if (!job.stored) feed.settled(job.seq);
    lanes.keep(job);
    job.body = null;
  }

  function give(event: Event): void {
    if (lanes.has(event.seq)) return feed.settled(event.seq);
    const job: Job = {
      seq: event.seq,
      event: event.id,
      lane: laneOf(event),
      body: event,
      attempts: 0,
      nextAt: 0,
      stored: false,
    };
    lanes.add(job);
    if (lanes.blocked(job.lane)) store(job);
    pump();
  }

  function pump(): void {
    alarm?.abort();
    alarm = null;
    if (ended.signal.aborted || journal.stuck()) return;
    const { level, pausedUntil } = journal.pace();
    const now = clock.now();
    const rest = pausedUntil === null ? 0 : Date.parse(pausedUntil);
    if (rest <= now)
      while (underWay < (level > 0 ? 1 : mostInFlight)) {
        const job = lanes.take(now, level > 0);
        if (!job) break;
        attempt(job);
      }
    const due = level > 0 ? (lanes.size > 0 ? rest : null) : lanes.dueAt();
    const at = due === null ? null : Math.max(due, rest);
    if (at === null || at <= now) return;
    alarm = new AbortController();
    clock.sleep(at - now, alarm.signal).then(pump, () => {}); // another one is set
  }

  /** With callbacks and not one promise within the other: thousands of these are done each second. */
  function attempt(job: Job): void {
    const startedIn = pace;
    underWay += 1;
    const over = (): void => {
      underWay -= 1;
      if (underWay === 0) whenIdle();
      pump();
      feed.go();
    };
    const broke = (error: unknown): void => {
      logger.error("a delivery failed inside Botyard", { webhook: name, event: job.event, error });
      job.attempts += 1;
      refused(job, { ...noAnswer, reason: "it failed inside Botyard" }, startedIn);
    };
    const work = job.body === null ? readAgain(job).then((body) => body && send(body)) : send(job.body);
    work.then(
      (answer) => {
        try {
          if (!signal.aborted) answered(job, answer, startedIn);
        } catch (error) {
          broke(error);
        }
        over();
      },
      (error: unknown) => {
        broke(error);
        over();
      },
    );
  }

  function answered(job: Job, answer: PostAnswer | null, startedIn: number): void {
    if (answer === null) return die(job, null, "the log no longer keeps it");
    job.attempts += 1;
    const { status } = answer;
    if (status !== null && status >= 200 && status < 300) delivered(job, answer);
    else refused(job, answer, startedIn);
  }

  function send(event: Event): Promise<PostAnswer> {
    try {
      return parts.send({ id: event.id, body: textOf(event) }, signal);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async function readAgain(job: Job): Promise<Event | null> {
    const [position] = await parts.store.readPositions({ after: job.seq - 1, limit: 1 });
    return position?.seq === job.seq ? parts.log.toEvent(position) : null;
  }

  const tell = (job: Job, outcome: AttemptRow["outcome"], answer: PostAnswer, reason: string | null): void =>
    journal.attempt({
      event: job.event,
      time: stamp(clock.now()),
      attempt: job.attempts,
      outcome,
      status: answer.status,
      tookMs: answer.tookMs,
      reason,
      snippet: parts.snippet(answer.snippet),
    });

  function delivered(job: Job, answer: PostAnswer): void {
    tell(job, "delivered", answer, null);
    out(job);
    refusals = 0;
    if (journal.pace().level > 0) {
      pace += 1;
      lanes.hurry();
      logger.info("a webhook takes events again", { webhook: name });
      journal.patch({ level: 0, since: iso(clock.now()), pausedUntil: null, reason: null });
    }
  }

  /** Its lane goes on. */
  function out(job: Job): void {
    lanes.done(job);
    if (job.stored) journal.gone(job.seq);
    else feed.settled(job.seq);
  }

  function die(job: Job, answer: PostAnswer | null, reason: string): void {
    tell(job, "dead", answer ?? noAnswer, reason);
    lanes.done(job);
    store(job, { state: "dead", reason });
    logger.warn("an event could not be delivered and is no longer tried", { webhook: name, event: job.event, reason });
  }

  function refused(job: Job, answer: PostAnswer, startedIn: number): void {
    const reason = answer.reason ?? `it answered ${answer.status}`;
    const asked = retryAfterMs(answer.retryAfter, clock.now());
    rest(reason, asked, startedIn);
    const gone = answer.status === 410;
    if (gone) ended.abort();
    else if (job.attempts >= mostAttempts) return die(job, answer, reason);
    tell(job, "failed", answer, reason);
    job.nextAt = clock.now() + (gone ? waitAfter(1) : Math.max(asked ?? 0, waitAfter(job.attempts, parts.random)));
    const behind = lanes.failed(job);
    store(job, { reason });
    for (const other of behind) store(other);
    if (gone) parts.gone();
  }

  /** A pause for the whole endpoint: asked for by itself, or because nothing gets through. */
  function rest(reason: string, asked: number | null, startedIn: number): void {
    if (startedIn !== pace) return;
    refusals += 1;
    const before = journal.state();
    if (asked === null && before.level === 0 && refusals < restAfter) return;
    pace += 1;
    const level = before.level + 1;
    const now = clock.now();
    if (before.level === 0)
      logger.warn("a webhook does not take events; it is tried more seldom", { webhook: name, reason });
    journal.patch({
      level,
      since: before.level === 0 ? iso(now) : before.since,
      pausedUntil: iso(now + (asked ?? waitAfter(level, parts.random))),
      reason,
    });
  }

  function again(rows: readonly DeliveryRow[]): void {
    for (const row of rows) {
      const known = lanes.has(row.seq);
      if (known) known.attempts = 0;
      else lanes.add({ ...row, body: null, nextAt: 0, attempts: 0, stored: true });
      journal.row({ ...row, state: "waiting", attempts: 0, nextAt: iso(clock.now()), reason: null });
    }
    pump();
  }

  for (const row of parts.rows) lanes.add({ ...row, body: null, nextAt: Date.parse(row.nextAt), stored: true });
  const running = feed.run();
  pump();

  return {
    state: journal.state,
    hurry() {
      journal.patch({ pausedUntil: null });
      lanes.hurry();
      pump();
    },
    again,
    range(after, until) {
      feed.again(after, until);
      journal.moved();
    },
    async stop(drainMs) {
      ended.abort();
      alarm?.abort();
      const over = new AbortController();
      // By the machine's clock: it is about sockets, whatever a test's clock says.
      const idle = new Promise<void>((resolve) => (whenIdle = resolve));
      if (underWay > 0) await Promise.race([idle, systemClock.sleep(drainMs, over.signal).catch(() => {})]);
      over.abort();
      stopping.abort();
      if (underWay > 0) await idle;
      await running;
      await journal.flush();
    },
  };
}
