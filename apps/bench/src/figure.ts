/** One measured figure. Absolute values are of this machine in this run; what counts is the ratio. */
export interface Figure {
  /** `messages.send, 32 connections` */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same work by the counterpart, in the same run. */
  readonly against?: { readonly name: string; readonly value: number };
  /** value / against, or the value itself where a bound is absolute. */
  readonly goal?: { readonly kind: "atLeast" | "atMost"; readonly value: number };
  /** What the figure leaves out, or how it was taken. */
  readonly note?: string;
}

/** A group of figures, run in a process of its own on each runtime. */
export interface Suite {
  readonly name: string;
  run(options: SuiteOptions): Promise<readonly Figure[]>;
}

export interface SuiteOptions {
  /** Seconds a rate is measured for. */
  readonly seconds: number;
  /** The size the goals speak of, where it takes minutes; else a smaller one, which the figure's note names. */
  readonly full?: boolean;
  /** An empty folder that is removed afterwards. */
  readonly folder: string;
}

export function ratioOf({ value, against }: Figure): number | null {
  return against === undefined || against.value === 0 ? null : value / against.value;
}

/** Whether the goal is met; null where there is none. */
export function meets(figure: Figure): boolean | null {
  const { goal } = figure;
  if (!goal) return null;
  const measured = ratioOf(figure) ?? figure.value;
  return goal.kind === "atLeast" ? measured >= goal.value : measured <= goal.value;
}
