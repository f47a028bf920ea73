export interface CallOptions {
  /** Ends the call or the stream; the call then throws `cancelled`. */
  readonly signal?: AbortSignal;
  /** Scoped to (key, operation): the same key with the same input gets the first answer again. */
  readonly idempotencyKey?: string;
}

/** What a client calls through: HTTP, or a runtime in the same process. */
export interface Transport {
  /**
   * A promise of the answer, or for stream operations an async iterable. Both throw BotyardError only.
   * `input` is not validated here: who owns the schema does that.
   */
  call(operation: string, input: Readonly<Record<string, unknown>>, options: CallOptions): unknown;
}
