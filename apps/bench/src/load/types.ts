/** What a load process is told once: where to send, and the module that writes the requests. */
export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  /** Absolute path or file URL of a module with `export function request(n, settings): Uint8Array`, a whole HTTP/1.1 request. */
  readonly requests: string;
  readonly settings: unknown;
}

export interface LoadRun {
  /** Kept-alive connections, each with one request under way. */
  readonly lanes: number;
  readonly seconds: number;
  /** Requests a second over all lanes, sent when they are due and not when the last answer came; absent: as fast as answers come. */
  readonly perSecond?: number;
}

/** Times in milliseconds, from the moment a request was due to the last byte of its answer. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers that were not 2xx. */
  readonly refused: number;
}
