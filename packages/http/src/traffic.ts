/** What a listener tells with each request. */
export interface Arrival {
  /** Aborted when the listener begins to close: who only waits for news then hears that there is none. */
  readonly closing: AbortSignal;
}

type Handler = (request: Request, arrival: Arrival) => Response | Promise<Response>;

export interface Traffic {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Ends event streams, open ones and those about to open, and long polls: their readers come back with a cursor. */
  endStreams(): void;
  /** Resolves when no call is being worked on and no bytes are on their way out. */
  idle(): Promise<void>;
  /** Answers 503 to what still waits, and breaks off the bytes that still flow. */
  cut(): void;
}

interface Open {
  readonly events: boolean;
  end(): void;
  break(): void;
}

const unavailable = (): Response =>
  new Response(null, { status: 503, headers: { "retry-after": "1", connection: "close" } });

/** Knows what is in flight, which neither runtime tells. */
export function createTraffic(handle: Handler): Traffic {
  const waiting = new Set<(response: Response) => void>();
  const open = new Set<Open>();
  const closing = new AbortController();
  const arrival: Arrival = { closing: closing.signal };
  let tellIdle: (() => void) | undefined;

  function settled(): void {
    if (waiting.size === 0 && open.size === 0) tellIdle?.();
  }

  function add(entry: Open): void {
    open.add(entry);
    if (closing.signal.aborted && entry.events) entry.end();
  }

  function remove(entry: Open): boolean {
    const was = open.delete(entry);
    settled();
    return was;
  }

  return {
    fetch: (request) => {
      // Connections that are kept alive still bring requests after the listener is gone.
      if (closing.signal.aborted) return Promise.resolve(unavailable());
      return new Promise((resolve) => {
        const settle = (response: Response): void => {
          if (!waiting.delete(settle)) return;
          resolve(watched(response, add, remove));
          settled();
        };
        waiting.add(settle);
        Promise.try(handle, request, arrival).then(settle, () => settle(new Response(null, { status: 500 })));
      });
    },
    endStreams() {
      closing.abort();
      for (const entry of open) if (entry.events) entry.end();
    },
    idle: () =>
      new Promise((resolve) => {
        tellIdle = resolve;
        settled();
      }),
    cut() {
      for (const settle of waiting) settle(unavailable());
      for (const entry of open) entry.break();
    },
  };
}

/** Texts are out as soon as they are answered; event streams and files are watched until their end. */
function watched(response: Response, add: (entry: Open) => void, remove: (entry: Open) => boolean): Response {
  const type = response.headers.get("content-type");
  if (type === null || /^(?:application\/(?:[\w.+-]+\+)?json|text\/html)\b/.test(type)) return response;
  const reader = response.body?.getReader();
  if (!reader) return response;
  let entry: Open;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const over = (how: () => void): void => {
        if (!remove(entry)) return;
        how();
        reader.cancel().catch(() => {});
      };
      entry = {
        events: type === "text/event-stream",
        end: () => over(() => controller.close()),
        // An end would look as if the file were complete.
        break: () => over(() => controller.error(new Error("the service stops"))),
      };
      add(entry);
    },
    async pull(controller) {
      try {
        const next = await reader.read();
        if (!next.done) return controller.enqueue(next.value);
        if (remove(entry)) controller.close();
      } catch (error) {
        if (remove(entry)) controller.error(error);
      }
    },
    cancel(reason) {
      remove(entry);
      return reader.cancel(reason);
    },
  });
  return new Response(body, response);
}
