import { asTyped } from "../output/call.ts";
import { inline, pad, widthOf } from "../output/table.ts";
import type { Style } from "../output/style.ts";
import type { Diagnosis } from "./types.ts";

/** One aligned line for each thing looked at, then the first cause and what mends it. */
export function formatDiagnosis({ lines, cause, fix, after }: Diagnosis, style: Style, self = "botyard"): string {
  const width = Math.max(10, ...lines.map((line) => widthOf(line.subject)));
  const shown = lines.map(({ subject, state, detail }) => {
    const mark = state === "FAIL" ? style.red(state) : state;
    return `${pad(subject, width)}  ${mark}${" ".repeat(4 - state.length)}  ${inline(detail)}`;
  });
  const ending = (label: string, text: string | undefined): readonly string[] =>
    text === undefined ? [] : [`${pad(label, 5)}  ${text}`];
  return `${[...shown, ...ending("cause", cause), ...ending("fix", fix === undefined ? undefined : asTyped(fix, self)), ...ending("then", after)].join("\n")}\n`;
}
