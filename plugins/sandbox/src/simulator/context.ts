import type { CallName, Calls } from "../wire-calls.ts";
import type { Caller } from "./access.ts";
import type { Unnumbered } from "./feed.ts";
import type { Model } from "./model.ts";

/** What the parts of the server share. */
export interface Context {
  readonly model: Model;
  /** To all whom it concerns, in order. */
  publish(frame: Unnumbered): void;
}

/** Implementations of all calls of a noun; they throw `Refusal`. */
export type CallsOf<Noun extends string> = {
  readonly [K in CallName as K extends `${Noun}.${string}` ? K : never]: (
    caller: Caller,
    args: Calls[K]["args"],
  ) => Calls[K]["answer"] | Promise<Calls[K]["answer"]>;
};
