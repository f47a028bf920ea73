import type { Fetch } from "../../packages/core/src/host/http.ts";
import type { Place } from "../../packages/testing/src/index.ts";
import type { Random } from "./random.ts";

/** The way from Botyard to a simulator, which somebody breaks. */
export interface FaultyNetwork {
  readonly fetch: Fetch;
  /** Breaks the next requests; returns how. */
  disturb(): string;
  heal(): void;
}

const kinds = ["down", "lose-answer", "429", "502", "html", "slow", "half", "hang"] as const;

const refused = (): Error => Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" });
const reset = (): Error => Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });

/** Ends when the request is given up. */
function never(request: Request): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(request.signal.reason as Error);
    if (request.signal.aborted) stop();
    else request.signal.addEventListener("abort", stop, { once: true });
  });
}

/** The head and half of the body, and then nothing. */
async function half(response: Response): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes.subarray(0, Math.floor(bytes.byteLength / 2)));
      setTimeout(() => controller.error(reset()), 5);
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

export function createFaultyNetwork(serve: NonNullable<Place["fetch"]>, random: Random): FaultyNetwork {
  let kind: (typeof kinds)[number] | null = null;
  let left = 0;
  return {
    async fetch(input, init) {
      const request = input instanceof Request && init === undefined ? input : new Request(input, init);
      if (kind === null || left <= 0) return serve(request);
      left -= 1;
      switch (kind) {
        case "down":
          throw refused();
        case "429":
          return Response.json({ errcode: "M_LIMIT_EXCEEDED" }, { status: 429, headers: { "retry-after": "1" } });
        case "502":
          return new Response("Bad gateway", { status: 502 });
        case "html":
          return new Response("<html>we are back soon</html>", { headers: { "content-type": "text/html" } });
        case "hang":
          return never(request);
        case "slow":
          await new Promise((resolve) => setTimeout(resolve, random.int(5, 60)));
          return serve(request);
        case "half":
          return half(await serve(request));
        case "lose-answer":
          await serve(request);
          throw reset();
      }
    },
    disturb() {
      kind = random.pick(kinds);
      left = random.int(1, kind === "down" ? 12 : 4);
      return kind;
    },
    heal() {
      kind = null;
    },
  };
}
