import { draft, openTestLog, type TestLog } from "../log/test-log.ts";
import type { DeliveryRow, DeliveryState } from "../store/types.ts";
import { startEndpoint } from "./endpoint.ts";
import type { Endpoint, EndpointParts } from "./endpoint-types.ts";
import type { PostAnswer } from "./post.ts";

/** What a test's receiver answers: a status, or a whole answer; `null` for never. */
export type Answer = number | Partial<PostAnswer> | null;

export interface TestEndpoint extends TestLog {
  /** Ids of messages in the order they were sent, with the answer each got. */
  readonly sent: { readonly message: string; readonly answer: Answer }[];
  /** Messages that were taken. */
  readonly taken: () => string[];
  readonly gone: () => boolean;
  readonly endpoint: Endpoint;
  /** Commits messages: `["a1", "b1"]` go to rooms `a` and `b`. */
  say(...messages: string[]): Promise<void>;
  /** The same store and log, as after a start. */
  restart(): Promise<TestEndpoint>;
  state(): Promise<DeliveryState | null>;
  rows(): Promise<readonly DeliveryRow[]>;
}

/** One webhook over a memory log and a clock that only moves when told to. `receive` plays the other side. */
export async function openTestEndpoint(
  receive: (message: string, attempt: number) => Answer,
  more: Partial<Pick<EndpointParts, "filter" | "maxAgeMs">> & { readonly opened?: TestLog } = {},
): Promise<TestEndpoint> {
  const opened = more.opened ?? (await openTestLog());
  const { log, store, clock } = opened;
  const sent: TestEndpoint["sent"][number][] = [];
  const seen = new Map<string, number>();
  let gone = false;
  const now = new Date(clock.now()).toISOString();
  const state = (await store.deliveryState("hook")) ?? {
    seq: 0,
    ranges: [],
    level: 0,
    since: now,
    pausedUntil: null,
    reason: null,
    lastDeliveredAt: null,
    skipped: 0,
    lost: 0,
  };
  const endpoint = startEndpoint({
    name: "hook",
    log,
    store,
    clock,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    filter: more.filter ?? {},
    maxAgeMs: more.maxAgeMs ?? null,
    state,
    rows: await store.listDeliveries({ webhook: "hook", state: "waiting", limit: 10_000 }),
    send: async ({ body }, signal) => {
      const event = JSON.parse(body) as { message?: { id: string }; type: string };
      const message = event.message?.id ?? event.type;
      const attempt = (seen.get(message) ?? 0) + 1;
      seen.set(message, attempt);
      const answer = receive(message, attempt);
      sent.push({ message, answer });
      if (answer === null) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      const whole = typeof answer === "number" ? { status: answer } : answer;
      return { status: null, retryAfter: null, snippet: null, reason: null, tookMs: 1, ...whole };
    },
    snippet: (text) => text,
    gone: () => (gone = true),
    random: () => 0.5,
  });
  return {
    ...opened,
    sent,
    taken: () => sent.flatMap(({ message, answer }) => (answer === 200 ? [message] : [])),
    gone: () => gone,
    endpoint,
    async say(...messages) {
      for (const id of messages)
        await opened.commit({ bots: ["one"], events: [draft(id, { room: { id: id.slice(0, 1), kind: "channel" } })] });
      await clock.advance(0);
    },
    restart: () => openTestEndpoint(receive, { ...more, opened }),
    state: () => store.deliveryState("hook"),
    rows: () => store.listDeliveries({ webhook: "hook", limit: 10_000 }),
  };
}
