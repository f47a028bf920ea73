import { type Figure, meets, ratioOf } from "./figure.ts";

const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);

/** Figures as aligned columns: name, value, counterpart, ratio, goal, notes below. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const ratio = ratioOf(figure);
    const met = meets(figure);
    const goal = figure.goal
      ? `${figure.goal.kind === "atLeast" ? "≥" : "≤"} ${figure.goal.value} ${met ? "met" : "MISSED"}`
      : "";
    return [
      figure.name,
      `${number(figure.value)} ${figure.unit}`,
      figure.against ? `${number(figure.against.value)} ${figure.against.name}` : "",
      ratio === null ? "" : `× ${ratio.toPrecision(3)}`,
      goal,
    ];
  });
  const head = ["FIGURE", "BOTYARD", "AGAINST", "RATIO", "GOAL"];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd();
  const notes = figures.flatMap((figure) => (figure.note ? [`  ${figure.name}: ${figure.note}`] : []));
  return [line(head), ...rows.map(line), ...new Set(notes)].join("\n");
}
