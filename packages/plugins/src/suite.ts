import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BotyardError } from "@botyard/sdk";
import * as v from "valibot";
import { bareEnv } from "./bundle.ts";
import { shown } from "./paths.ts";

/** What a plugin's own tests came to; the contract suite is one of them. */
export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly {
    /** `zulip, in process › messages › messages.send puts the text in the room`. */
    readonly name: string;
    /** Its last part: what `only` takes. */
    readonly title: string;
    /** First line of what went wrong. */
    readonly reason: string;
  }[];
}

const Report = v.looseObject({
  testResults: v.array(
    v.looseObject({
      message: v.optional(v.string(), ""),
      name: v.optional(v.string(), ""),
      status: v.string(),
      assertionResults: v.array(
        v.looseObject({
          ancestorTitles: v.array(v.string()),
          title: v.string(),
          status: v.string(),
          failureMessages: v.optional(v.nullable(v.array(v.string())), []),
        }),
      ),
    }),
  ),
});

const firstLine = (text: string): string => shown(text.replaceAll(/\u001b\[[\d;]*m/g, "").split("\n")[0] ?? "");

/**
 * Runs the tests of a plugin's source folder with the vitest that is installed there, on the runtime this program is.
 * Null where there is none yet. `only`: those whose name holds the text. Throws `invalid` where the run itself fails.
 */
export async function runSuite(folder: string, only: string | null): Promise<SuiteResult | null> {
  const root = resolve(folder);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  if (!existsSync(vitest)) return null;
  const temporary = await mkdtemp(join(tmpdir(), "botyard-suite-"));
  try {
    const outputFile = join(temporary, "report.json");
    const args = [
      ...(process.versions["deno"] === undefined ? ["--bun"] : ["run", "-A"]),
      vitest,
      "run",
      "--reporter=json",
      `--outputFile=${outputFile}`,
      ...(only === null ? [] : ["--testNamePattern", only.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)]),
    ];
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: bareEnv(process.env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-20_000)));
    await new Promise<void>((done, failed) => {
      child.once("error", failed);
      child.once("close", () => done());
    });
    const text = await readFile(outputFile, "utf8").catch(() => "");
    if (text === "")
      throw new BotyardError("invalid", `the tests could not be run: ${shown(said.trim().split("\n").at(-1) ?? "")}`, {
        fix: "in its folder: npm test",
      });
    return toResult(v.parse(Report, JSON.parse(text)));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function toResult({ testResults }: v.InferOutput<typeof Report>): SuiteResult {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = (...states: readonly string[]): number => all.filter(({ status }) => states.includes(status)).length;
  // A file that cannot be loaded has no tests to fail.
  const files = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  return {
    passed: count("passed"),
    failed: count("failed") + files.length,
    skipped: count("skipped", "pending", "todo", "disabled"),
    failures: [
      ...files.map(({ name, message }) => ({ name: shown(name), title: "", reason: firstLine(message) })),
      ...all
        .filter(({ status }) => status === "failed")
        .map(({ ancestorTitles, title, failureMessages }) => ({
          name: [...ancestorTitles, title].map(shown).join(" › "),
          title,
          reason: firstLine(failureMessages?.[0] ?? ""),
        })),
    ],
  };
}
