import type { Step } from "@botyard/sdk";

function run(step: Step): readonly string[] {
  const { where, command, file, setting, hint } = step.run;
  const secret = step.secret ? " (the line holds a secret; the leading space keeps it out of history)" : "";
  return [
    ...(command === undefined ? [`  Where: ${where}`] : [`  Run on ${where}${secret}:`, `   ${command}`]),
    ...(hint === undefined ? [] : [`  ${hint}`]),
    ...(setting === undefined ? [] : [`  Set: ${setting}`]),
    ...(file === undefined ? [] : [`  Write ${file.name}:`, ...file.text.split("\n").map((line) => `   ${line}`)]),
  ];
}

/** What a person has to do on a server, with the line to paste. */
export function formatStep(step: Step): string {
  return [
    `ONE STEP ON YOUR SERVER   ${step.id} · ${step.connection} · ${step.title}`,
    ...(step.why ? [`  ${step.why}`] : []),
    ...run(step),
    "",
  ].join("\n");
}
