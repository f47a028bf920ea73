import * as v from "valibot";

/** What an operator may set for a connection. Nearly everything is better found out from the server. */
export const settings = v.strictObject({
  /** How long the server may hold a poll back while nothing happens. */
  pollMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(25_000)), 20_000),
});
export interface Settings extends v.InferOutput<typeof settings> {}
