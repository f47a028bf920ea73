/** An intake as it came, to be sealed and kept. */
export interface PendingRaw {
  readonly connection: string;
  readonly via: string;
  readonly id: string | null;
  readonly committedAt: string;
  readonly bots?: readonly string[] | undefined;
  /** Nobody changes them any more. */
  readonly bytes: Uint8Array;
  /** Seals this one alone, or together with others of its connection, one after the other. */
  readonly seal: (bytes: Uint8Array) => Uint8Array;
}

/** An intake as it came, sealed. */
export interface RawRow {
  /** Growing. */
  readonly n: number;
  readonly connection: string;
  readonly via: string;
  readonly id: string | null;
  readonly committedAt: string;
  /** Handles it was meant for; null: it came once for all, or before 0.2. */
  readonly bots: readonly string[] | null;
  /** The same object for all that were sealed together. */
  readonly sealed: Uint8Array;
  /** Which bytes it is of what comes out; an end of null: to the last; null: it was sealed alone. */
  readonly part: readonly [from: number, end: number | null] | null;
}
