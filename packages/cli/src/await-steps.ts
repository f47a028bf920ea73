import { isBotyardError, type Step } from "@botyard/sdk";
import { formatDuration } from "./args/units.ts";
import type { Session } from "./session.ts";

const everyMs = 10_000;

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}

/**
 * Looks every ten seconds whether a person has done the steps, and says so. Ctrl-C ends the waiting and nothing else:
 * the steps stay open and are looked at by the service.
 */
export async function awaitSteps(steps: readonly Step[], session: Session): Promise<void> {
  const { io, options } = session;
  const client = await session.client();
  const ids = steps.map((step) => step.id).join(" ");
  session.note(
    `  Waiting, looking every ${everyMs / 1000} s. Ctrl-C is safe: ${options.self} steps list · ${options.self} steps verify ${ids}`,
  );
  const started = Date.now();
  const open = new Set(steps.map((step) => step.id));
  while (open.size > 0) {
    await pause(everyMs, io.signal);
    if (io.signal.aborted) return;
    for (const id of open) {
      let step: Step;
      try {
        step = await client.steps.verify({ step: id }, { signal: io.signal });
      } catch (error) {
        if (io.signal.aborted) return;
        if (!isBotyardError(error) || error.code === "not_found") throw error;
        continue;
      }
      if (step.state === "open") continue;
      open.delete(id);
      const next = step.state === "done" && step.kind === "install" && step.bot !== null;
      io.out(
        `✓ ${id} ${step.state} after ${formatDuration(Date.now() - started)}${step.note ? `: ${step.note}` : ""}${next ? `.  next: ${options.self} rooms add-bot ${step.connection}/<room> ${step.bot}` : ""}\n`,
      );
    }
  }
}
