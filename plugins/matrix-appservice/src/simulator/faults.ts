/** What goes wrong with a request to the simulator. */
export type Fault = {
  /** Which requests; absent: all. */
  readonly match?: (request: Request) => boolean;
  /** How many requests it hits before it is gone; absent: once. `Infinity`: until cleared. */
  readonly times?: number;
} & (
  | { readonly kind: "down" }
  | { readonly kind: "delay"; readonly ms: number; readonly when?: "before" | "after" }
  /** The homeserver does it, and its answer is lost. */
  | { readonly kind: "lose-answer" }
  | { readonly kind: "limit"; readonly retryAfterMs: number; readonly header?: boolean }
  | { readonly kind: "error"; readonly status?: number; readonly errcode?: string }
  /** A proxy answers in the homeserver's place. */
  | { readonly kind: "html"; readonly status?: number }
);

export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** Answers a request with what is wrong at the moment, or hands it on. */
  through(request: Request, serve: (request: Request) => Promise<Response>): Promise<Response>;
}

const json = (status: number, body: object, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers });

/** Faults in the order they were added; the first that matches a request is used. */
export function createFaults(sleep: (ms: number) => Promise<void>): Faults {
  let open: { readonly fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      open.push({ fault, left: fault.times ?? 1 });
    },
    clear() {
      open = [];
    },
    async through(request, serve) {
      const hit = open.find(({ fault }) => fault.match?.(request) ?? true);
      if (hit === undefined) return serve(request);
      hit.left -= 1;
      if (hit.left <= 0) open = open.filter((entry) => entry !== hit);
      const { fault } = hit;
      switch (fault.kind) {
        case "down":
          throw new TypeError("fetch failed: connection refused");
        case "delay": {
          if (fault.when !== "after") await sleep(fault.ms);
          const answer = await serve(request);
          if (fault.when === "after") await sleep(fault.ms);
          return answer;
        }
        case "lose-answer":
          await serve(request);
          throw new TypeError("fetch failed: connection reset");
        case "limit": {
          const headers = fault.header === false ? {} : { "retry-after": String(Math.ceil(fault.retryAfterMs / 1000)) };
          return json(
            429,
            { errcode: "M_LIMIT_EXCEEDED", error: "Too Many Requests", retry_after_ms: fault.retryAfterMs },
            headers,
          );
        }
        case "error":
          return json(fault.status ?? 500, { errcode: fault.errcode ?? "M_UNKNOWN", error: "Internal server error" });
        case "html":
          return new Response("<html><body>Bad gateway</body></html>", {
            status: fault.status ?? 502,
            headers: { "content-type": "text/html" },
          });
      }
    },
  };
}
