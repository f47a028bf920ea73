import type { SuiteResults } from "./results.ts";
import type { Ran } from "./run.ts";
import { add, format, nothing, type Tally } from "./tally.ts";

/** Prints as it goes and keeps the sum; everything on stdout, one line where all is well. */
export interface Report {
  check(name: string, ran: Ran): void;
  /** `ran` is shown where a test failed. */
  suite(name: string, results: SuiteResults): void;
  /** Adds a summary of somebody else's. */
  add(name: string, tally: Tally): void;
  /** What was skipped and why, what failed (again: the end of a long log is what is kept), then the sum. Returns the exit code. */
  end(): number;
}

/** Names shown for one reason. */
const maxNames = 5;

/** The lines of a failure's output that are shown again at the end. */
const maxLines = 60;

export function createReport(print: (line: string) => void): Report {
  let total = nothing;
  const skips = new Map<string, string[]>();
  const failed: string[] = [];

  const line = (ok: boolean, name: string, detail: string): void =>
    print(`${ok ? "✓" : "✗"} ${name.padEnd(22)} ${detail}`);
  const count = (tally: Tally): void => {
    total = add(total, tally);
  };

  return {
    check(name, ran) {
      const ok = ran.code === 0;
      count({ ...nothing, [ok ? "passed" : "failed"]: 1 });
      line(ok, name, `${(ran.ms / 1000).toFixed(1)} s`);
      if (ok) return;
      print(indent(ran.output));
      failed.push(name, indent(ran.output.trimEnd().split("\n").slice(-maxLines).join("\n")));
    },
    suite(name, results) {
      const failures = [...results.failed, ...results.missing.map((folder) => `${folder}: left no results`)];
      const unexplained = results.skipped.filter(({ reason }) => reason === undefined).map((test) => test.name);
      failures.push(...unexplained.map((test) => `${test}: skipped without a reason`));
      const tally = {
        passed: results.passed,
        failed: failures.length,
        skipped: results.skipped.length - unexplained.length,
      };
      count(tally);
      line(failures.length === 0, name, format(tally));
      for (const failure of failures) print(indent(failure));
      if (failures.length > 0) failed.push(name, ...failures.map(indent));
      for (const test of results.skipped)
        if (test.reason) skips.set(test.reason, [...(skips.get(test.reason) ?? []), `${test.name} (${name})`]);
    },
    add(name, tally) {
      count(tally);
      line(tally.failed === 0, name, format(tally));
      if (tally.failed > 0) failed.push(`${name}: ${format(tally)}`);
    },
    end() {
      for (const [reason, names] of skips) {
        print(`skipped: ${reason}`);
        for (const name of names.slice(0, maxNames)) print(`    ${name}`);
        if (names.length > maxNames) print(`    … and ${names.length - maxNames} more`);
      }
      for (const entry of failed) print(entry.startsWith("    ") ? entry : `failed: ${entry}`);
      print(format(total));
      return total.failed > 0 ? 1 : 0;
    },
  };
}

export function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
