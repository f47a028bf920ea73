type Call = <T>(name: string, input: Record<string, unknown>) => Promise<T>;

/**
 * Decodes all kept intakes again: the version is the same, so that whatever enters the log by it was lost or would be
 * doubled.
 */
export async function decodeAgain(
  call: Call,
  connection: string,
  count: (name: string, n: number) => void,
): Promise<string[]> {
  const problems: string[] = [];
  for (let from: string | undefined; ;) {
    const done = await call<{ intakes: number; events: number; failed: number; next?: string }>("connections.decode", {
      connection,
      ...(from === undefined ? {} : { from }),
    });
    count("intakes decoded again", done.intakes);
    if (done.events > 0) problems.push(`decoding again brought ${done.events} events that the log did not have`);
    if (done.failed > 0) problems.push(`${done.failed} kept intakes could not be decoded again`);
    from = done.next;
    if (from === undefined) return problems;
  }
}
