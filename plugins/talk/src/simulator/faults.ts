/** Things that go wrong on purpose, each once unless `count` says more. */
export type Fault =
  /** The call is done, and its answer never comes. */
  | { readonly kind: "lose-answer"; readonly path: RegExp; count?: number }
  /** Answered with this status and nothing done. */
  | { readonly kind: "status"; readonly path: RegExp; readonly status: number; readonly body?: string; count?: number }
  /** Done, and answered with this status all the same. */
  | { readonly kind: "done-but"; readonly path: RegExp; readonly status: number; count?: number }
  /** The webhook is never sent. */
  | { readonly kind: "lose-webhook"; readonly path: RegExp; count?: number };

/** Takes the first fault of a kind that fits, and counts it down. */
export function takeFault<K extends Fault["kind"]>(
  faults: Fault[],
  kind: K,
  path: string,
): Extract<Fault, { kind: K }> | null {
  const found = faults.find((fault) => fault.kind === kind && fault.path.test(path));
  if (!found) return null;
  const left = (found.count ?? 1) - 1;
  if (left > 0) found.count = left;
  else faults.splice(faults.indexOf(found), 1);
  return found as Extract<Fault, { kind: K }>; // found by its kind
}
