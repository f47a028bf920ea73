import type { Event } from "@botyard/sdk";
import { systemClock } from "../host/clock.ts";
import type { AttemptRow, DeliveryRow } from "../store/types.ts";
import type { Endpoint, EndpointParts } from "./endpoint-types.ts";
import { createFeed } from "./feed.ts";
import { createJournal } from "./journal.ts";
import { createLanes, type Job } from "./lanes.ts";
import type { PostAnswer } from "./post.ts";
import { mostAttempts, retryAfterMs, waitAfter } from "./schedule.ts";

const mostInFlight = 32;
/** Read ahead in memory. */
const window = 500;
/** Rows of their own; beyond, the log itself is the queue. */
const mostStored = 5_000;
/** Refusals in a row until it gets a rest. */
const restAfter = 5;

// Every webhook sends the same event as the same text; they come to it at about the same time.
const texts = new WeakMap<Event, string>();
function textOf(event: Event): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = JSON.stringify(event);
  texts.set(event, text);
  return text;
}

const laneOf = (event: Event): string => `${event.connection}/${event.room?.id ?? ""}`;

/** @see Endpoint */
export function startEndpoint(parts: EndpointParts): Endpoint {
  const { clock, logger, name } = parts;
  /** Nothing more is begun. */
  const ended = new AbortController();
  /** What is under way is given up. */
  const stopping = new AbortController();
  const { signal } = stopping;
  const lanes = createLanes();
  const underWay = new Set<Promise<void>>();
  const iso = (ms: number): string => new Date(ms).toISOString();
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
      while (underWay.size < (level > 0 ? 1 : mostInFlight)) {
        const job = lanes.take(now, level > 0);
        if (!job) break;
        const work: Promise<void> = attempt(job).finally(() => {
          underWay.delete(work);
          pump();
          feed.go();
        });
        underWay.add(work);
      }
    const due = level > 0 ? (lanes.size > 0 ? rest : null) : lanes.dueAt();
    const at = due === null ? null : Math.max(due, rest);
    if (at === null || at <= now) return;
    alarm = new AbortController();
    clock.sleep(at - now, alarm.signal).then(pump, () => {}); // another one is set
  }

  async function attempt(job: Job): Promise<void> {
    const startedIn = pace;
    try {
      const body = job.body ?? (await readAgain(job));
      if (body === null) return die(job, null, "the log no longer keeps it");
      const answer = await parts.send({ id: job.event, body: textOf(body) }, signal);
      if (signal.aborted) return;
      job.attempts += 1;
      const { status } = answer;
      if (status !== null && status >= 200 && status < 300) delivered(job, answer);
      else refused(job, answer, startedIn);
    } catch (error) {
      logger.error("a delivery failed inside Botyard", { webhook: name, event: job.event, error });
      job.attempts += 1;
      refused(
        job,
        { status: null, retryAfter: null, snippet: null, reason: "it failed inside Botyard", tookMs: 0 },
        startedIn,
      );
    }
  }

  async function readAgain(job: Job): Promise<Event | null> {
    const [position] = await parts.store.readPositions({ after: job.seq - 1, limit: 1 });
    return position?.seq === job.seq ? parts.log.toEvent(position) : null;
  }

  const tell = (job: Job, outcome: AttemptRow["outcome"], answer: PostAnswer, reason: string | null): void =>
    journal.attempt({
      event: job.event,
      time: iso(clock.now()),
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
    const now = iso(clock.now());
    const { level } = journal.pace();
    if (level > 0) {
      pace += 1;
      lanes.hurry();
      logger.info("a webhook takes events again", { webhook: name });
      journal.patch({ level: 0, since: now, pausedUntil: null, reason: null, lastDeliveredAt: now });
    } else journal.patch({ lastDeliveredAt: now });
  }

  /** Its lane goes on. */
  function out(job: Job): void {
    lanes.done(job);
    if (job.stored) journal.gone(job.seq);
    else feed.settled(job.seq);
  }

  function die(job: Job, answer: PostAnswer | null, reason: string): void {
    const none = { status: null, retryAfter: null, snippet: null, reason, tookMs: 0 };
    tell(job, "dead", answer ?? none, reason);
    lanes.done(job);
    store(job, { state: "dead", reason });
    logger.warn("an event could not be delivered and is no longer tried", { webhook: name, event: job.event, reason });
  }

  function refused(job: Job, answer: PostAnswer, startedIn: number): void {
    const reason = answer.reason ?? `it answered ${answer.status}`;
    const asked = retryAfterMs(answer.retryAfter, clock.now());
    rest(reason, asked, startedIn);
    if (answer.status === 410) {
      ended.abort();
      tell(job, "failed", answer, reason);
      job.nextAt = clock.now() + waitAfter(1);
      const behind = lanes.failed(job);
      store(job, { reason });
      for (const other of behind) store(other);
      parts.gone();
      return;
    }
    if (job.attempts >= mostAttempts) return die(job, answer, reason);
    tell(job, "failed", answer, reason);
    job.nextAt = clock.now() + Math.max(asked ?? 0, waitAfter(job.attempts, parts.random));
    const behind = lanes.failed(job);
    store(job, { reason });
    for (const other of behind) store(other);
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
      if (underWay.size > 0)
        await Promise.race([Promise.all(underWay), systemClock.sleep(drainMs, over.signal).catch(() => {})]);
      over.abort();
      stopping.abort();
      await Promise.all([running, ...underWay]);
      await journal.flush();
    },
  };
}
