interface Declared {
  readonly support: string;
}

/** As much of an operation and of a platform as this rule reads. */
export interface TableEntry {
  readonly name: string;
  readonly run: string;
}

export interface CapabilitySource {
  readonly capabilities: object;
}

/** An operation enters the table with the first platform that implements it: nothing is defined that nothing runs. */
export function operationProblems(table: readonly TableEntry[], platforms: readonly CapabilitySource[]): string[] {
  const declared = new Set(platforms.flatMap(({ capabilities }) => supported(capabilities)));
  return table
    .filter(({ run, name }) => run === "platform" && !declared.has(name))
    .map(({ name }) => `${name}: no platform implements it; an operation enters the table with its first implementer`);
}

function supported(capabilities: object): string[] {
  return Object.entries(capabilities as Readonly<Record<string, Declared>>)
    .filter(([, capability]) => capability.support !== "none")
    .map(([name]) => name);
}
