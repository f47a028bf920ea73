import { randomUUID } from "node:crypto";
import type { Context } from "./context.ts";

/** How a slash command may be answered later. */
export interface KeptInvocation {
  /** Id in the server's `/hooks/commands/<id>`; null where there is none. */
  readonly answer: string | null;
  /** Unix milliseconds. */
  readonly at: number;
}

/** How long answers are taken by the server's documentation; not measured. */
const keptMs = 30 * 60_000;
const prefix = "invocation/";

export function newInvocation(): { readonly id: string; readonly key: string } {
  const id = `inv_${randomUUID().replaceAll("-", "")}`;
  return { id, key: prefix + id };
}

export async function recallInvocation({ host }: Context, id: string): Promise<KeptInvocation | undefined> {
  const kept = (await host.store.get(prefix + id)) as KeptInvocation | null | undefined;
  return kept && host.clock.now() - kept.at <= keptMs ? kept : undefined;
}

/** Forgets what can no longer be answered. */
export async function pruneInvocations({ host }: Context): Promise<void> {
  const old = (await host.store.list(prefix)).filter(
    ([, value]) => host.clock.now() - (value as KeptInvocation).at > keptMs,
  );
  if (old.length > 0) await host.store.put(Object.fromEntries(old.map(([key]) => [key, null])));
}
