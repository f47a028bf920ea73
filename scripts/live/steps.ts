/** What a live run has counted so far. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Runs and prints the steps of one live run, in order. */
export interface Steps {
  /** Runs one step the later ones need; a failure is printed, counted, and thrown as `StepFailed`. */
  step<T>(name: string, run: () => Promise<T>, options?: StepOptions): Promise<T>;
  /** Runs one step nothing depends on; a failure is printed and counted, and the run goes on. */
  check(name: string, run: () => Promise<void>, options?: StepOptions): Promise<void>;
  /** Counts something that is not run here, with the reason, on one line. */
  skip(name: string, reason: string): void;
  /** Prints a remark below the last step. */
  note(text: string): void;
  /** Registers text shown once, below the first failed step: the end of a log, say. */
  onFailure(describe: () => Promise<string>): void;
  tally(): Tally;
}

/** How long a step may take before it counts as failed, in milliseconds (120,000 where absent). */
export interface StepOptions {
  readonly limitMs?: number;
}

/** Thrown by `step` after the failure was printed and counted: the rest of the scenario is given up. */
export class StepFailed extends Error {
  constructor(name: string, cause: unknown) {
    super(`step failed: ${name}`, { cause });
    this.name = "StepFailed";
  }
}

/** Makes the step runner; `write` takes whole lines. */
export function createSteps(write: (line: string) => void): Steps {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let diagnostics: (() => Promise<string>)[] = [];

  async function attempt<T>(name: string, run: () => Promise<T>, limitMs: number): Promise<T> {
    const started = Date.now();
    try {
      const value = await within(run(), limitMs, name);
      counts.passed++;
      write(`✓ ${name}  ${seconds(Date.now() - started)}`);
      return value;
    } catch (error) {
      counts.failed++;
      write(`✗ ${name}  ${seconds(Date.now() - started)}`);
      write(indent(explain(error)));
      const shown = diagnostics;
      diagnostics = [];
      for (const describe of shown) write(indent(await describe().catch(explain)));
      throw new StepFailed(name, error);
    }
  }

  return {
    step: (name, run, options) => attempt(name, run, options?.limitMs ?? 120_000),
    async check(name, run, options) {
      await attempt(name, run, options?.limitMs ?? 120_000).catch((error: unknown) => {
        if (!(error instanceof StepFailed)) throw error;
      });
    },
    skip(name, reason) {
      counts.skipped++;
      write(`- ${name}: skipped, ${reason}`);
    },
    note: (text) => write(indent(text)),
    onFailure: (describe) => void diagnostics.push(describe),
    tally: () => ({ ...counts }),
  };
}

/** The last line of every run, `3 passed, 0 failed, 1 skipped`. */
export function summary(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
}

/** What `until` waits with, in milliseconds. */
export interface UntilOptions {
  readonly limitMs: number;
  readonly everyMs?: number;
}

/**
 * Asks `probe` again and again until it answers something else than `undefined`.
 * A throwing probe is asked again too; its last error is the cause when the time is up.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  { limitMs, everyMs = 100 }: UntilOptions,
): Promise<T> {
  const end = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) throw new Error(`waited ${seconds(limitMs)} for ${what}`, { cause: last });
    await pause(everyMs);
  }
}

/** Waits `ms` milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function within<T>(work: Promise<T>, limitMs: number, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`"${name}" did not end in ${seconds(limitMs)}`)), limitMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** The error and its causes, one line each, without stacks of the runner itself. */
export function explain(error: unknown): string {
  const lines: string[] = [];
  for (let at = error, depth = 0; at !== undefined && depth < 5; depth++) {
    lines.push(at instanceof Error ? `${depth ? "caused by " : ""}${at.message}` : (JSON.stringify(at) ?? "?"));
    at = at instanceof Error ? at.cause : undefined;
  }
  return lines.join("\n");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
