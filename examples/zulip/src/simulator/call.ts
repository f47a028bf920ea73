import { Refusal, type Person, type World } from "./model.ts";

/** One request, read. Parameters come as texts; what is no text is JSON in it. */
export interface Call {
  readonly world: World;
  readonly user: Person;
  readonly parts: readonly string[];
  readonly form: FormData | URLSearchParams;
  readonly signal: AbortSignal;
}

export type Answer = object | Promise<object>;
export type Calls = Readonly<Record<string, (call: Call) => Answer>>;

export function textOf({ form }: Call, name: string): string | undefined {
  const value = form.get(name);
  return typeof value === "string" ? value : undefined;
}

/** Throws the server's own refusal where it is not there. */
export function needed(call: Call, name: string): string {
  const value = textOf(call, name);
  if (value !== undefined) return value;
  throw new Refusal(`Missing '${name}' argument`, "REQUEST_VARIABLE_MISSING", 400, { var_name: name });
}

export function jsonOf<T>(call: Call, name: string, otherwise: T): T {
  const value = textOf(call, name);
  if (value === undefined) return otherwise;
  try {
    return JSON.parse(value) as T;
  } catch {
    throw new Refusal(`Argument "${name}" is not valid JSON.`, "INVALID_JSON");
  }
}

export async function fileOf({
  form,
}: Call): Promise<{ readonly name: string; readonly type: string; readonly bytes: Uint8Array } | null> {
  for (const [, value] of form.entries()) {
    if (typeof value === "string") continue;
    return { name: value.name, type: value.type, bytes: new Uint8Array(await value.arrayBuffer()) };
  }
  return null;
}

export function idPart({ parts }: Call, index = 0): number {
  return Number(parts[index]);
}
