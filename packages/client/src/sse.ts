/** One server-sent event. */
export interface ServerSentEvent {
  /** The last `id` seen so far, also from events before. */
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
  /** The last `retry` seen so far, in milliseconds. */
  readonly retryMs: number | null;
}

/** Lines end in LF, CR or CRLF; the rest of a line that is not complete yet comes back as the last one. */
async function* lines(body: ReadableStream<Uint8Array>, alive: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      rest += decoder.decode(value, { stream: true });
      // A CR at the end may be the first half of CRLF.
      const parts = rest.split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop() ?? "";
      yield* parts;
    }
  } finally {
    // Not awaited: a body that failed rejects here, and its failure has been thrown by read.
    void reader.cancel().catch(() => undefined);
  }
}

/**
 * Reads a `text/event-stream`. An event cut off by the end of the stream is dropped, as the specification asks.
 * `alive` is called with every chunk, comments too. Cancels the body when it is left.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  alive: () => void = () => undefined,
): AsyncGenerator<ServerSentEvent> {
  let id: string | null = null;
  let retryMs: number | null = null;
  let event = "";
  let data: string[] = [];
  for await (const line of lines(body, alive)) {
    if (line === "") {
      if (data.length > 0) yield { id, event: event || "message", data: data.join("\n"), retryMs };
      event = "";
      data = [];
      continue;
    }
    const at = line.indexOf(":");
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(line[at + 1] === " " ? at + 2 : at + 1);
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id") id = value;
    else if (field === "retry" && /^\d+$/.test(value)) retryMs = Number(value);
  }
}
