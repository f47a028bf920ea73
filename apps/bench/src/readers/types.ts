/** What the measuring process asks of the readers. */
export type ReadersAsked =
  | { readonly open: { readonly port: number; readonly path: string; readonly key: string; readonly readers: number } }
  /** So many events, over all readers together, are the next round. */
  | { readonly expect: number }
  | { readonly close: true };

export type ReadersSaid =
  | { readonly opened: true }
  | { readonly ready: true }
  /** Every expected event has come; `delays` in ms, from making to reading. */
  | { readonly all: { readonly delays: readonly number[] } }
  | { readonly closed: true }
  | { readonly failed: string };
