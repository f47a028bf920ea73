/** What one layer of the suite did, and which promises were not kept. */
export interface LayerReport {
  readonly layer: string;
  readonly seed: number;
  readonly cycles: number;
  /** Sentences; empty where all is well. */
  readonly problems: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

export function showReport({ layer, seed, cycles, problems, counts }: LayerReport): string {
  return [
    `${layer}: ${cycles} cycles, seed ${seed}, ${problems.length} broken promises`,
    ...problems.slice(0, 20).map((text) => `  BROKEN  ${text}`),
    ...Object.entries(counts).map(([name, value]) => `  ${String(value).padStart(8)}  ${name}`),
  ].join("\n");
}
