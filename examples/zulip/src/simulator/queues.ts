import { jsonOf, needed, type Call, type Calls } from "./call.ts";
import { Refusal, type Queue, type World } from "./model.ts";

function queueOf(call: Call): Queue {
  const id = needed(call, "queue_id");
  const queue = call.world.queues.get(id);
  if (queue?.user === call.user.user_id) return queue;
  throw new Refusal(`Bad event queue ID: ${id}`, "BAD_EVENT_QUEUE_ID", 400, { queue_id: id });
}

function register({ world, user }: Call): object {
  const id = crypto.randomUUID();
  world.queues.set(id, { id, user: user.user_id, events: [], next: 0, waiting: null });
  const mine = [...world.messages.keys()].filter((message) => world.received.get(message)?.has(user.user_id));
  return {
    queue_id: id,
    last_event_id: -1,
    event_queue_longpoll_timeout_seconds: 90,
    max_message_id: mine.at(-1) ?? -1,
    max_message_length: 10_000,
    max_topic_length: 60,
    server_emoji_data_url: "/static/generated/emoji/emoji_api.0cdafdf0b659.json",
  };
}

async function events(call: Call): Promise<object> {
  const queue = queueOf(call);
  const last = Number(needed(call, "last_event_id"));
  // What the client has acknowledged is forgotten.
  while (queue.events[0] && queue.events[0].id <= last) queue.events.shift();
  if (queue.events.length === 0 && !jsonOf(call, "dont_block", false)) await wait(call, queue);
  return { queue_id: queue.id, events: [...queue.events] };
}

function wait({ world, signal }: Call, queue: Queue): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (broken?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      if (queue.waiting === done) queue.waiting = null;
      if (broken) reject(broken);
      else resolve();
    };
    const aborted = (): void => done();
    const timer = setTimeout(() => {
      queue.events.push({ type: "heartbeat", id: queue.next });
      queue.next += 1;
      done();
    }, world.heartbeatMs);
    // One client a queue: the one before is let go.
    queue.waiting?.();
    queue.waiting = done;
    signal.addEventListener("abort", aborted);
  });
}

export const queues: Calls = {
  "POST /register": register,
  "GET /events": events,
  "DELETE /events": (call) => {
    const queue = queueOf(call);
    call.world.queues.delete(queue.id);
    queue.waiting?.();
    return {};
  },
};

/** Requests that wait for an answer break off. */
export function cut(world: World): void {
  for (const { waiting } of world.queues.values()) waiting?.(new TypeError("connection reset"));
}

/** The server has thrown all queues away, as after ten minutes without a request. */
export function expire(world: World): void {
  const all = [...world.queues.values()];
  world.queues.clear();
  for (const { waiting } of all) waiting?.(new TypeError("connection reset"));
}
