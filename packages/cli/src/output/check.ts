import type { Check } from "@botyard/sdk";
import { inline } from "./table.ts";

const marks = { ok: "✓", info: "i", warn: "!", fail: "✗" } as const;

/** `  ✓ signed in as ops-admin`, with the line that mends it below. */
export function formatCheck(check: Check): string {
  const fix = check.fix ? `\n      ${check.fix}` : "";
  return `  ${marks[check.state]} ${inline(check.detail)}${fix}`;
}
