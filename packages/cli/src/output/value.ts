import { inline } from "./table.ts";

type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field at a dotted path: `room.handle`. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, name) => (isFields(inner) ? inner[name] : undefined), value);
}

/** One value in one line; `-` for nothing. Times lose their milliseconds. */
export function cell(value: unknown): string {
  if (value === undefined || value === null || value === "") return "-";
  if (typeof value === "string") return value.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$/, "$1Z");
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map(cell).join(", ");
  return isFields(value)
    ? Object.entries(value)
        .filter(([, inner]) => inner !== undefined && inner !== null)
        .map(([name, inner]) => `${name} ${isFields(inner) ? JSON.stringify(inner) : cell(inner)}`)
        .join(" · ")
    : JSON.stringify(value);
}

function entries(value: Fields, prefix: string): readonly (readonly [string, string])[] {
  return Object.entries(value).flatMap(([name, inner]): readonly (readonly [string, string])[] => {
    if (inner === undefined || inner === null) return [];
    if (isFields(inner)) return entries(inner, `${prefix}${name}.`);
    if (Array.isArray(inner) && inner.some(isFields)) {
      return inner.map((one, i) => [`${prefix}${name}[${i}]`, cell(one)] as const);
    }
    return [[prefix + name, cell(inner)]];
  });
}

/** `name  value` lines; what is null is left out. */
export function formatFields(value: Fields): string {
  const all = entries(value, "");
  const width = Math.max(0, ...all.map(([name]) => name.length));
  return all.map(([name, text]) => `${name.padEnd(width)}  ${inline(text)}`).join("\n");
}

/** Fills `{field}` from an output, `{one|other}` with the first that is there. A part between double spaces whose fields are all absent is left out. */
export function fillDone(template: string, value: unknown): string {
  return template
    .split(/ {2,}/)
    .flatMap((part) => {
      let missing = false;
      const text = part.replace(/\{([^}]+)\}/g, (_, path: string) => {
        const found = path
          .split("|")
          .map((one) => at(value, one))
          .find((one) => one !== undefined && one !== null);
        if (found === undefined) missing = true;
        return inline(cell(found));
      });
      return missing ? [] : [text];
    })
    .join("  ");
}
