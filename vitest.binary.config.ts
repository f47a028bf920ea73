import { defineConfig } from "vitest/config";
import { resultsReporters } from "./scripts/check/reporter.ts";

/** Drives dist/botyard as a user would; `bun run --cwd apps/botyard test:binary` builds it first. */
export default defineConfig({
  test: {
    include: ["test/binary/**/*.test.ts"],
    passWithNoTests: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: [process.stdout.isTTY ? "default" : "dot", ...resultsReporters(".results/binary.json")],
  },
});
