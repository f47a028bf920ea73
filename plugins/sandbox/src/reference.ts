import type { Call } from "@botyard/sdk";
import type { Traits } from "./profiles.ts";

/**
 * What a send carries to be found again. Where a failed attempt burns it, every attempt has its own; else it is the
 * same for all, so that the server can answer the first result again.
 */
export function referenceOf({ effectId, attempt }: Pick<Call, "effectId" | "attempt">, { policy }: Traits): string {
  return policy.references === "detect" ? `${effectId}-${attempt}` : effectId;
}

/** The effect behind a reference of ours; null for none and for those of others. */
export function effectOf(reference: string | null): string | null {
  return /^([0-9A-Z]{26})(?:-\d+)?$/.exec(reference ?? "")?.[1] ?? null;
}
