/** Before the first round: what serves for months is compiled by then. */
export const warmUpSeconds = 3;

/** Work done per second by `lanes` loops over `seconds`. */
async function rate(
  work: (lane: number) => Promise<unknown>,
  { seconds, lanes }: { readonly seconds: number; readonly lanes: number },
): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (performance.now() < end) {
        await work(lane);
        done += 1;
      }
    }),
  );
  return done / ((performance.now() - start) / 1000);
}

/** Rates of two kinds of work in turn, A B A B, so that a change of the machine's speed hits both; the medians. */
export async function pairedRates(
  a: (lane: number) => Promise<unknown>,
  b: (lane: number) => Promise<unknown>,
  options: { readonly seconds: number; readonly lanes: number; readonly rounds?: number },
): Promise<{ readonly a: number; readonly b: number }> {
  const { rounds = 3, lanes } = options;
  const seen = { a: [] as number[], b: [] as number[] };
  for (const work of [a, b]) await rate(work, { lanes, seconds: warmUpSeconds });
  for (let round = 0; round < rounds; round += 1) {
    seen.a.push(await rate(a, { lanes, seconds: options.seconds / rounds }));
    seen.b.push(await rate(b, { lanes, seconds: options.seconds / rounds }));
  }
  return { a: percentile(seen.a, 50), b: percentile(seen.b, 50) };
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? Number.NaN;
}

/** Resident memory of this process in MB, after what can be collected has been. */
export async function residentMb(): Promise<number> {
  const bun = (globalThis as { Bun?: { gc(force: boolean): void } }).Bun;
  bun?.gc(true);
  await new Promise((resolve) => setTimeout(resolve, 200));
  return process.memoryUsage().rss / 1_048_576;
}
