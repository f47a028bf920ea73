import { BotyardError, type ErrorCode, errorTable, type Problem } from "@botyard/sdk";

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === "object" &&
    value !== null &&
    "code" in value &&
    typeof value.code === "string" &&
    Object.hasOwn(errorTable, value.code)
  );
}

/** An RFC 9457 problem of a Botyard service as the error it was there; null for any other body. */
export function fromProblem(body: unknown): BotyardError | null {
  if (!isProblem(body)) return null;
  const { type: _, title: __, status: ___, code, detail, ...details } = body;
  return new BotyardError(code as ErrorCode, detail, details);
}
