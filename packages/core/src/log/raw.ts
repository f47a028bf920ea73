import type { Sealer } from "../secrets/types.ts";
import type { RawRow } from "../store/types.ts";

/** Name the raw intakes of a connection are sealed under. */
export const rawSealName = (connection: string): string => `raw/${connection}`;

/**
 * Opens kept intakes one after the other; of those that were sealed together, the first opens all. Throws `internal`
 * where key or data do not fit.
 */
export function createRawOpener(sealer: Pick<Sealer, "openBytes">): (row: RawRow) => Uint8Array {
  let opened: { readonly sealed: Uint8Array; readonly plain: Uint8Array } | null = null;
  return ({ connection, sealed, part }) => {
    if (opened?.sealed !== sealed) opened = { sealed, plain: sealer.openBytes(rawSealName(connection), sealed) };
    return part === null ? opened.plain : opened.plain.subarray(part[0], part[1] ?? undefined);
  };
}
