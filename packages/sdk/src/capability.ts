import * as v from "valibot";
import type { OperationsIn } from "./operation.ts";
import type { Operations } from "./operations/index.ts";

/**
 * `native`: the server does it. `emulated`: same outcome by other means. `degraded`: part of the outcome is missing.
 * `operator`: a person on the server has to do a step. `none`: it cannot be had.
 */
export type Support = "native" | "emulated" | "degraded" | "operator" | "none";

/** Whose credential does it on the server. */
export type ActsAs = "admin" | "bot" | "account";

/**
 * What a repeat of the same send does. `replay`: the server answers the first result again, within the window.
 * `detect`: it refuses the second, and a failed attempt burns the key. `natural`: the end state is the same anyway.
 * `none`: it does it twice.
 */
export type Idempotency =
  | { readonly kind: "replay"; /** null: for as long as the server lives. */ readonly windowMs: number | null }
  | { readonly kind: "detect" }
  | { readonly kind: "natural" }
  | { readonly kind: "none" };

export interface Limit {
  readonly max: number;
  readonly unit: "bytes" | "codepoints" | "utf16" | "items" | "ms";
}

interface Offered<Params extends string> {
  readonly actsAs: ActsAs;
  /** Optional fields that are honoured; absent: all. Any other field is refused with `unsupported_param`. */
  readonly params?: readonly Params[];
  /** By input field: `{ text: { max: 32000, unit: "codepoints" } }`; checked before anything is sent. */
  readonly limits?: Readonly<Partial<Record<Params, Limit>>>;
  /** Required in spirit for every send; default `natural` for writes, `none` for sends. */
  readonly idempotency?: Idempotency;
}

interface Reasoned {
  /** Short code: `no-such-call`, `server-setting`. */
  readonly reason: string;
  /** A sentence for people. */
  readonly detail: string;
  /** A line that mends it or gets near it. */
  readonly remedy?: string;
}

export type Capability<Params extends string = string> =
  /** `detail`: what a person should know before, where there is something. */
  | (Offered<Params> & { readonly support: "native"; readonly detail?: string })
  | (Offered<Params> & Reasoned & { readonly support: "emulated" | "degraded" | "operator"; readonly by?: "platform" })
  /** The core does it without asking the server: it refuses to act for the bot and to deliver to it. */
  | (Reasoned & { readonly support: "emulated"; readonly by: "core"; readonly actsAs: ActsAs })
  | (Reasoned & { readonly support: "none" });

/** One row of `connections.capabilities`: ceiling ∩ last probe ∩ what holds for this bot in this room. */
export const CapabilityView = v.object({
  operation: v.string(),
  support: v.picklist(["native", "emulated", "degraded", "operator", "none"]),
  actsAs: v.nullable(v.picklist(["admin", "bot", "account"])),
  reason: v.nullable(v.string()),
  detail: v.nullable(v.string()),
  remedy: v.nullable(v.string()),
  /** Optional fields that are honoured; null: all. */
  params: v.nullable(v.array(v.string())),
  limits: v.record(v.string(), v.object({ max: v.number(), unit: v.string() })),
  idempotency: v.nullable(v.string()),
});
export interface CapabilityView extends v.InferOutput<typeof CapabilityView> {}

/** Operations a platform may implement, out of a record of operations. */
export type PlatformTable<T> = {
  readonly [K in keyof T as T[K] extends { readonly run: "platform" } ? K : never]: T[K];
};

/** The common table and a plugin's native operations. */
export type TableWith<N> = PlatformTable<Operations> & PlatformTable<OperationsIn<N>>;

type FieldsOf<Op> = Op extends { readonly input: { readonly entries: infer E } } ? Extract<keyof E, string> : never;

/** The best a platform can do, by operation. What is absent counts as `none`. */
export type CeilingOf<T> = { readonly [K in keyof T]?: Capability<FieldsOf<T[K]>> };

/** Carries the table of the native operations, for types only. */
export type Ceiling<N, C> = C & { readonly "~native"?: N };

/**
 * Declares what a platform can do; the handlers' types follow from it.
 * A field in `params` that is no input field, or an operation that is in no table, does not compile.
 *
 * @example
 * export const capabilities = defineCapabilities(native, {
 *   "messages.send": { support: "native", actsAs: "bot", params: ["replyTo"], idempotency: { kind: "none" } },
 *   "bots.assign": { support: "none", reason: "no-such-call", detail: "Stoat has no call that changes a bot's owner." },
 * });
 */
export function defineCapabilities<N extends object, const C extends CeilingOf<TableWith<N>>>(
  _native: N,
  capabilities: C & { readonly [K in Exclude<keyof C, keyof TableWith<N>>]: never },
): Ceiling<N, C> {
  return capabilities as Ceiling<N, C>;
}

/** Keys of a ceiling that need a handler: all but `none` and what the core does. */
export type Handled<C> = {
  [K in keyof C]: C[K] extends { readonly support: "none" } | { readonly by: "core" }
    ? never
    : C[K] extends { readonly support: Support }
      ? K
      : never;
}[keyof C];

export type NativeOf<C> = C extends { readonly "~native"?: infer N } ? Exclude<N, undefined> : never;
