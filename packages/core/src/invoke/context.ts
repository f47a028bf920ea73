import type { Acting, AnyOperation, InputOf, Operations, OutputOf } from "@botyard/sdk";
import type { Core } from "../core.ts";
import type { Principal } from "../runtime-types.ts";
import type { BotRecord, ConnectionRecord } from "../store/types.ts";

/** What a call is about, resolved and authorized. */
export interface Target {
  readonly connection: ConnectionRecord;
  /** The bot named by the input's `bot`, where it is managed. */
  readonly bot: BotRecord | null;
  /** Who acts. */
  readonly as: Acting | null;
  /** Native id of the room. */
  readonly room: string | null;
}

/** What a handler of the core may say about its answer beside the value. */
export interface Reply {
  status: 200 | 201 | 202;
  location?: string;
  replayed: boolean;
}

/** One call on its way through `invoke`. */
export interface CallContext {
  readonly core: Core;
  readonly operation: AnyOperation;
  readonly principal: Principal;
  readonly request: string;
  readonly idempotencyKey: string | null;
  /** The caller does not wait for the end. */
  readonly wait?: false;
  /** Unix milliseconds. */
  readonly deadline: number;
  /** The deadline, the end of the process; for reads also the caller who went away. */
  readonly signal: AbortSignal;
  readonly effectId: string;
  readonly target: Target | null;
  readonly reply: Reply;
  /** Ledger row of the call, where it has one. */
  readonly row: { readonly id: string; readonly createdAt: string } | null;
  /**
   * Asks the platform: capability, open steps, preparations, then attempts until the deadline. The answer is checked
   * against the operation's `answer` schema.
   */
  perform(input?: Readonly<Record<string, unknown>>): Promise<unknown>;
}

export type CoreHandler<N extends keyof Operations> = (
  input: InputOf<Operations[N]>,
  call: CallContext,
) => Promise<OutputOf<Operations[N]>>;

/** Handlers of the core by operation: of those it runs itself, and around those a platform runs. */
export type CoreHandlers<Noun extends string> = {
  readonly [K in keyof Operations as K extends `${Noun}.${string}` ? K : never]?: CoreHandler<K>;
};

// oxlint-disable-next-line typescript/no-explicit-any -- the pipeline has validated input and validates output
export type AnyCoreHandler = (input: any, call: CallContext) => Promise<unknown>;
