import { describe as describeOperation } from "@botyard/core";
import { type AnyOperation, operations } from "@botyard/sdk";
import { expect, it } from "vitest";
import { parseFlags } from "./args/parse.ts";
import { planCommand } from "./args/plan.ts";
import { examples } from "./examples.ts";
import { globalFlags } from "./globals.ts";
import { operationCommand } from "./operation-command.ts";

/** As a shell would: single quotes, and no redirections. */
function words(line: string): string[] {
  return [...line.replace(/ < \S+$/, "").matchAll(/(?:[^\s']+|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ""));
}

it.each(Object.entries(examples).flatMap(([name, lines]) => lines.map((line) => [name, line] as const)))(
  "%s: %s",
  (name, line) => {
    const operation = operations[name] as AnyOperation;
    const descriptor = describeOperation(operation);
    const [noun, verb, ...rest] = words(line);
    expect(`${noun}.${verb}`).toBe(name);
    const { positionals } = parseFlags(
      rest,
      [...operationCommand(descriptor, operation).flags, ...globalFlags],
      "botyard",
    );
    const plan = planCommand(descriptor);
    expect(positionals.length).toBeGreaterThanOrEqual(plan.positionals.filter((one) => one.required).length);
    expect(positionals.length).toBeLessThanOrEqual(plan.positionals.length);
  },
);
