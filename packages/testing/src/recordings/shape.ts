type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Kinds of JSON values instead of the values, fields by name: what two answers must agree on. Lists lose their order. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(shapeOf).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (!isFields(value)) return value === null ? "null" : typeof value;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, inner]) => [name, shapeOf(inner)]));
}

/** The first place where two values' shapes differ, as a sentence: `.items[0].name: "null" instead of "string"`. */
export function shapeDifference(wanted: unknown, given: unknown): string | null {
  return difference(shapeOf(wanted), shapeOf(given), "");
}

function difference(wanted: unknown, given: unknown, path: string): string | null {
  if (Array.isArray(wanted) && Array.isArray(given)) {
    if (wanted.length !== given.length) return `${path}: ${given.length} entries instead of ${wanted.length}`;
    return first(wanted.map((value, index) => difference(value, given[index], `${path}[${index}]`)));
  }
  if (isFields(wanted) && isFields(given)) {
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(given)])];
    return first(names.map((name) => difference(wanted[name], given[name], `${path}.${name}`)));
  }
  return wanted === given ? null : `${path}: ${JSON.stringify(given)} instead of ${JSON.stringify(wanted)}`;
}

function first(found: readonly (string | null)[]): string | null {
  return found.find((text) => text !== null) ?? null;
}
