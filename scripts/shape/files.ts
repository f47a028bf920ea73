import type { Source } from "./sources.ts";

const maxLines = { source: 300, test: 600 };

/** Small files: aim at 200 lines, never more than 300; a test file never more than 600. */
export function fileProblems(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => !source.generated)
    .flatMap(({ path, text, test }) => {
      const lines = text.split("\n").length - 1;
      const limit = test ? maxLines.test : maxLines.source;
      return lines > limit ? [`${path}: ${lines} lines, at most ${limit}: split it by concept`] : [];
    });
}
