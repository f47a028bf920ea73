import { defineConfig } from "vitest/config";
import { resultsReporters } from "./scripts/check/reporter.ts";

const runtime = process.versions["deno"] ? "deno" : "bun";

/** Shared by every package on both runtimes; packages run it with `--root .`. */
export default defineConfig({
  test: {
    exclude: ["**/node_modules/**", "**/fixtures/**", "test/binary/**"],
    include: ["**/*.test.ts"],
    passWithNoTests: true,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: [process.stdout.isTTY ? "default" : "dot", ...resultsReporters(`.results/${runtime}.json`)],
  },
});
