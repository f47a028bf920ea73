import { BotyardError, expected, toFieldIssues } from "@botyard/sdk";
import * as v from "valibot";

/** Parses an input; the error names fields and expectations and never a value. */
export function parseInput(schema: v.GenericSchema, input: unknown, what: string): Record<string, unknown> {
  const parsed = v.safeParse(schema, input, { abortPipeEarly: true });
  if (parsed.success) return parsed.output as Record<string, unknown>;
  const issues = toFieldIssues(parsed.issues);
  const first = issues[0] ?? { path: "", expected: expected("other input") };
  const where = first.path === "" ? "the input" : `"${first.path}"`;
  throw new BotyardError(
    "invalid",
    `${what}: ${where} ${first.expected === "no such field" ? "is no field of it" : `should be ${first.expected}`}`,
    { issues },
  );
}

/** Parses what a plugin answered; a plugin that breaks its own contract is named, not the caller. */
export function parseAnswer(schema: v.GenericSchema, answer: unknown, operation: string, applied: boolean): unknown {
  const parsed = v.safeParse(schema, answer, { abortPipeEarly: true });
  if (parsed.success) return parsed.output;
  const issues = toFieldIssues(parsed.issues);
  throw new BotyardError(
    "plugin_failed",
    `the plugin's answer to ${operation} does not fit its contract (${issues.map((issue) => issue.path).join(", ")})`,
    {
      effect: applied ? "applied" : "none",
      issues,
    },
  );
}
