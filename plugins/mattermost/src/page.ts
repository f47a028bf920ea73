/** A part of a list that was read whole, by ids: what comes between two pages moves nothing. */
export function pageOf<T extends { readonly id: string }>(
  all: readonly T[],
  limit = 100,
  cursor?: string,
): { items: T[]; next?: string } {
  const sorted = all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const rest = cursor === undefined ? sorted : sorted.filter(({ id }) => id > cursor);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(last && rest.length > limit ? { next: last.id } : {}) };
}
