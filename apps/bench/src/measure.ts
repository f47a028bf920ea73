/** Work done per second by `lanes` loops over `seconds`, after a short warm-up. */
async function rate(
  work: (lane: number) => Promise<unknown>,
  options: { readonly seconds: number; readonly lanes: number },
): Promise<number> {
  const run = async (seconds: number): Promise<number> => {
    const end = performance.now() + seconds * 1000;
    let done = 0;
    const start = performance.now();
    await Promise.all(
      Array.from({ length: options.lanes }, async (_, lane) => {
        while (performance.now() < end) {
          await work(lane);
          done += 1;
        }
      }),
    );
    return done / ((performance.now() - start) / 1000);
  };
  await run(Math.min(1, options.seconds / 4));
  return run(options.seconds);
}

/** Rates of two kinds of work in turn, A B A B, so that a change of the machine's speed hits both; the medians. */
export async function pairedRates(
  a: (lane: number) => Promise<unknown>,
  b: (lane: number) => Promise<unknown>,
  options: { readonly seconds: number; readonly lanes: number; readonly rounds?: number },
): Promise<{ readonly a: number; readonly b: number }> {
  const rounds = options.rounds ?? 3;
  const seen = { a: [] as number[], b: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    seen.a.push(await rate(a, { ...options, seconds: options.seconds / rounds }));
    seen.b.push(await rate(b, { ...options, seconds: options.seconds / rounds }));
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
