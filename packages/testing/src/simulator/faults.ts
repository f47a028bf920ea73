type Serve = (request: Request) => Promise<Response>;

/** What goes wrong with the next requests that match. */
export interface RequestFault {
  /**
   * `lose-answer`: it is done, and the connection breaks. `unreachable`: nothing leaves. `answer`: the server answers
   * this and does nothing. `slow`: it takes `delayMs` longer. `hang`: it is done, and no answer ever comes.
   */
  readonly kind: "lose-answer" | "unreachable" | "answer" | "slow" | "hang";
  /** `POST`; default all. */
  readonly method?: string;
  /** Over the path with its query; default all. */
  readonly path?: RegExp;
  /** How many requests it strikes; default 1. */
  readonly times?: number;
  /** Of `answer`. */
  readonly response?: () => Response;
  readonly delayMs?: number;
}

/** A server on whose line faults can be switched on. */
export interface FaultyLine {
  readonly fetch: Serve;
  arm(fault: RequestFault): void;
  clear(): void;
  /** Requests that came through to the server, as `POST /path?query`. */
  readonly served: readonly string[];
  /** Requests that were tried, faults included. */
  readonly tried: readonly string[];
}

/**
 * @example
 * const line = createFaultyLine(server.fetch);
 * line.arm({ kind: "lose-answer", method: "POST", path: /\/messages$/ });
 */
export function createFaultyLine(serve: Serve): FaultyLine {
  const armed: { readonly fault: RequestFault; left: number }[] = [];
  const served: string[] = [];
  const tried: string[] = [];

  const take = (request: Request, path: string): RequestFault | null => {
    const index = armed.findIndex(
      ({ fault }) => (fault.method ?? request.method) === request.method && (fault.path?.test(path) ?? true),
    );
    const entry = armed[index];
    if (!entry) return null;
    entry.left -= 1;
    if (entry.left <= 0) armed.splice(index, 1);
    return entry.fault;
  };

  return {
    served,
    tried,
    arm: (fault) => void armed.push({ fault, left: fault.times ?? 1 }),
    clear: () => void armed.splice(0),
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const path = `${pathname}${search}`;
      const line = `${request.method} ${path}`;
      tried.push(line);
      const fault = take(request, path);
      if (fault?.kind === "unreachable") throw new TypeError("connection refused");
      if (fault?.kind === "answer") return fault.response?.() ?? new Response(null, { status: 503 });
      if (fault?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 0));
      served.push(line);
      const response = await serve(request);
      if (fault?.kind === "lose-answer") throw new TypeError("connection reset");
      if (fault?.kind === "hang") await ended(request.signal);
      return response;
    },
  };
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
