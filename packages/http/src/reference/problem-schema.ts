import { errorCodes, type Problem } from "@botyard/sdk";

const text = (description: string): object => ({ type: "string", description });
const texts = (description: string): object => ({ type: "array", items: { type: "string" }, description });

const properties: Readonly<Record<keyof Problem, object>> = {
  type: text("Where the code is explained: `/docs/errors#forbidden`."),
  title: text("The code, in words."),
  status: { type: "integer" },
  code: { type: "string", enum: errorCodes },
  detail: text("What, why, and what to do."),
  effect: {
    type: "string",
    enum: ["none", "applied", "unknown"],
    description: "What happened on the chat server. `none`: nothing, surely. `unknown`: must not be repeated blindly.",
  },
  request: text("Names the request in the log."),
  operation: text("Row of the ledger: `op_…`."),
  retryAfterMs: { type: "number", description: "Wait this long before the next try." },
  upstream: {
    type: "object",
    description: "The chat server's own answer.",
    properties: { status: { type: "integer" }, code: { type: "string" } },
  },
  steps: texts("Steps that block the call."),
  issues: {
    type: "array",
    description: "Fields that were refused, without their values.",
    items: {
      type: "object",
      required: ["path", "expected"],
      properties: { path: { type: "string" }, expected: { type: "string" } },
    },
  },
  fix: text("A line that mends it."),
  instead: text("Another way to what was probably wanted."),
  allowed: {
    type: "object",
    description: "What the key may do instead.",
    additionalProperties: { type: "array", items: { type: "string" } },
  },
  oldest: text("First cursor that is still kept."),
};

/** JSON Schema of `Problem`. */
export const problemSchema: Readonly<Record<string, unknown>> = {
  type: "object",
  description: "RFC 9457 problem.",
  required: ["type", "title", "status", "code", "detail", "effect", "request"],
  properties,
};
