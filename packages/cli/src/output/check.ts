import type { Check } from "@botyard/sdk";
import { inline } from "./table.ts";

const marks = { ok: "✓", info: "i", warn: "!", fail: "✗" } as const;

/** `  ✓ signed in as ops-admin`, with the line that mends it below. */
export function formatCheck(check: Check): string {
  const fix = check.fix ? `\n      ${check.fix}` : "";
  // A check of one bot says which: its name is the bot's address.
  const about = check.name.includes("/") ? `${check.name}: ` : "";
  return `  ${marks[check.state]} ${inline(`${about}${check.detail}`)}${fix}`;
}
