import type { Botyard } from "./botyard.ts";
import { pause } from "./steps.ts";

/** What the live runs read of an event of the log. */
export interface LogEvent {
  readonly id: string;
  readonly seq: number;
  readonly cursor: string;
  readonly type: string;
  readonly own: boolean;
  readonly backfilled: boolean;
  readonly room: { readonly id: string } | null;
  readonly actor: { readonly id: string } | null;
  readonly message?: { readonly id: string };
  readonly content?: { readonly text: string };
}

interface EventPage {
  readonly items: readonly LogEvent[];
  readonly cursor: string;
}

/** A program that follows the log in the background, over every restart of the service. */
export interface Reader {
  /** What came, in order of arrival, repeats included. */
  readonly seen: readonly LogEvent[];
  /** Ends it; throws what made it give up, if anything did. */
  stop(): Promise<void>;
}

/** Long-polls a consumer and acknowledges each page, as the program in the README does. */
export function pullReader(botyard: Botyard, consumer: string): Reader {
  return follow(async (seen, signal) => {
    const page = await botyard.ask<EventPage>("GET", `/consumers/${consumer}/events?waitMs=1000`);
    seen.push(...page.items);
    if (signal.aborted) return;
    await botyard.ask("POST", `/consumers/${consumer}/ack`, { body: { cursor: page.cursor } });
  });
}

/** Follows the stream from `from` and resumes with `Last-Event-ID`. */
export function streamReader(botyard: Botyard, from: string): Reader {
  let last: string | undefined;
  return follow(async (seen, signal) => {
    const path = last === undefined ? `/events/stream?from=${from}` : "/events/stream";
    for await (const message of messagesOf(await botyard.open(path, last, signal))) {
      if (message.id !== undefined) last = message.id;
      if (message.data !== undefined) seen.push(JSON.parse(message.data) as LogEvent);
    }
  });
}

/** Every event of the log, echoes of our own bots included, oldest first. */
export async function readLog(botyard: Botyard): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  for (let from = "oldest"; ;) {
    const page = await botyard.ask<EventPage>("GET", `/events?own=true&limit=500&from=${encodeURIComponent(from)}`);
    events.push(...page.items);
    if (page.items.length === 0) return events;
    from = page.cursor;
  }
}

/** Repeats `turn` until it is stopped; a broken connection is what restarts look like from outside, a refusal is not. */
function follow(turn: (seen: LogEvent[], signal: AbortSignal) => Promise<void>): Reader {
  const seen: LogEvent[] = [];
  const stopping = new AbortController();
  let refusals = 0;
  const done = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await turn(seen, stopping.signal);
        refusals = 0;
      } catch (error) {
        if (stopping.signal.aborted) return;
        const refused = error instanceof Error && / answered 4\d\d /.test(error.message);
        if (refused && ++refusals > 5) throw error;
        await pause(100);
      }
    }
  })();
  done.catch(() => {});
  return {
    seen,
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

interface Message {
  readonly id?: string;
  readonly data?: string;
}

/** @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */
async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) yield messageOf(block);
  }
}

function messageOf(block: string): Message {
  const field = (name: string): string | undefined => {
    const lines = block.split("\n").filter((line) => line.startsWith(`${name}:`));
    return lines.length === 0
      ? undefined
      : lines.map((line) => line.slice(name.length + 1).replace(/^ /, "")).join("\n");
  };
  const [id, data] = [field("id"), field("data")];
  return { ...(id === undefined ? {} : { id }), ...(data === undefined ? {} : { data }) };
}
