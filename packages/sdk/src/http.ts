/** A request to the chat server, as data: it crosses a process boundary. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the origin; every part already percent-encoded: `/_matrix/client/v3/rooms/${encodeURIComponent(id)}/join`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON with its content type. */
  readonly json?: unknown;
  /** Sent as it is; a stream is never retried. */
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  /** Default 30 000. */
  readonly timeoutMs?: number;
  /**
   * Ends the request. Pass `call.signal`.
   */
  readonly signal?: AbortSignal;
  /** Rate-limit bucket of this request; default: what `limits.bucket` says, else one for the origin. */
  readonly bucket?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body's text; at most 16 MiB, else `upstream`. */
  readonly text: string;
  /** The body as JSON, or undefined where it is none. */
  readonly json: unknown;
}

export interface HttpStreamResponse extends Omit<HttpResponse, "text" | "json"> {
  readonly body: ReadableStream<Uint8Array>;
}

/**
 * HTTP to one origin. Every status is an answer, never a throw; it throws BotyardError `unreachable` (effect `none`
 * when nothing was sent), `timeout` (effect `unknown` once the request left), `rate_limited` (the bucket is empty
 * beyond the call's deadline; effect `none`) or `cancelled`. Redirects are not followed. Secrets in headers and query never reach a log.
 */
export interface Http {
  request(request: HttpRequest): Promise<HttpResponse>;
  /** For bodies of any size; the caller reads or cancels the body. */
  stream(request: HttpRequest): Promise<HttpStreamResponse>;
}

/** What a plugin learnt about a bucket from an answer's headers. */
export interface BucketState {
  readonly bucket: string;
  /** Requests left in the window. */
  readonly remaining?: number;
  /** When the window begins anew, in milliseconds from now. */
  readonly resetMs?: number;
  /** Wait at least this long: a 429, or a server that slows callers down. */
  readonly pauseMs?: number;
}
