import { type BotyardError, exitCodeOf, type Problem, toProblem } from "@botyard/sdk";
import { asTyped } from "./call.ts";
import { createStyle } from "./style.ts";

export interface ErrorWorld {
  readonly json: boolean;
  readonly colour: boolean;
  /** How the program is called. */
  readonly self: string;
  /** How an input field is typed: `limits.perMinute` → `--limits.per-minute`. */
  flagOf(path: string): string;
}

/** A long list would bury the rest: `whoami` shows it whole. */
function some(names: readonly string[]): string {
  return names.length > 12
    ? `${names.slice(0, 10).join(", ")} and ${names.length - 10} more (botyard whoami)`
    : names.join(", ");
}

function lines(problem: Problem, world: ErrorWorld): readonly (readonly [label: string, text: string])[] {
  const all: [string, string][] = [];
  for (const issue of problem.issues ?? []) all.push([world.flagOf(issue.path), `expects ${issue.expected}`]);
  for (const [kind, names] of Object.entries(problem.allowed ?? {})) all.push(["allowed", `${kind} ${some(names)}`]);
  if (problem.steps?.length) all.push(["steps", problem.steps.join(", ")]);
  if (problem.fix) all.push(["fix", problem.fix]);
  if (problem.instead) all.push(["instead", problem.instead]);
  if (problem.oldest) all.push(["oldest", problem.oldest]);
  if (problem.retryAfterMs !== undefined) all.push(["again", `in ${Math.ceil(problem.retryAfterMs / 1000)} s`]);
  if (problem.effect === "unknown" && problem.operation) {
    all.push(["look", `${world.self} ledger get ${problem.operation} --wait 30s`]);
  }
  if (problem.request) all.push(["request", problem.request]);
  return all;
}

/** The text of a failure: for programs one problem object, for people a sentence and what helps, aligned. */
export function formatError(error: BotyardError, world: ErrorWorld): string {
  const problem = toProblem(error, "");
  if (world.json) {
    const { request, ...rest } = problem;
    return `${JSON.stringify(request ? problem : rest)}\n`;
  }
  const style = createStyle(world.colour);
  const more = lines(problem, world);
  const width = Math.max(0, ...more.map(([label]) => label.length));
  // Fixes are written as `botyard …`; they have to work when pasted.
  const call = (text: string): string => asTyped(text, world.self);
  return [
    `${style.red("error:")} ${problem.code}  ${problem.detail}`,
    ...more.map(([label, text]) => `  ${label.padEnd(width)}  ${call(text)}`),
    "",
  ].join("\n");
}

export function exitOf(error: BotyardError): number {
  return exitCodeOf({ code: error.code, effect: error.effect });
}
