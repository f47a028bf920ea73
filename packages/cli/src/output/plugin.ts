import { contractVersion, type PluginChange, type PluginManifest } from "@botyard/sdk";
import type { PluginSuite } from "../plugin-works.ts";
import { inline } from "./table.ts";

/** `zulip 0.1.0 → 0.2.0` */
function named({ id, version, from }: Pick<PluginChange, "id" | "version" | "from">): string {
  return from === null || from === version ? `${id} ${version}` : `${id} ${from} → ${version}`;
}

/** What a person reads before anything is installed: who it is, what it asks for, and what of that is new. */
export function formatAsks(change: PluginChange): string {
  const lines = [[named(change), ...change.asks].map(inline).join(" · ")];
  if (change.changes?.length) lines.push(...change.changes.map((one) => `  ${inline(one)}`));
  else if (change.changes) lines.push("  asks for nothing new");
  return `${lines.join("\n")}\n`;
}

/** `sha512-Jx1bN5vG…`: enough to recognise it; the whole of it stands in the lock file. */
export const shortIntegrity = (integrity: string): string => `${integrity.slice(0, 15)}…`;

/** What was done: `running`: a service has loaded it; else the next one will. */
export function formatInstalled(change: PluginChange, running: boolean): string {
  const { state, integrity, connections } = change;
  if (state === "unchanged") return `unchanged  ${named(change)} is installed just so\n`;
  const moved =
    connections.length === 0 ? "no connection was touched" : `its connections run on it: ${connections.join(", ")}`;
  const loaded = running ? `loaded without a restart; ${moved}` : "loaded when a service starts";
  return `${state}  ${named(change)}  ${shortIntegrity(integrity)} in plugins.lock.json, ${loaded}\n`;
}

/** `declared 41 operations: native 33, emulated 4, degraded 2, operator 2 · passed 118, failed 1` */
export function formatDeclared(declared: Readonly<Record<string, number>>, suite: PluginSuite | null): string {
  const all = Object.entries(declared);
  const sum = all.reduce((total, [, count]) => total + count, 0);
  const ran = suite
    ? ` · passed ${suite.passed}, failed ${suite.failed}${suite.skipped > 0 ? `, skipped ${suite.skipped}` : ""}`
    : "";
  return `declared ${sum} operations: ${all.map(([support, count]) => `${support} ${count}`).join(", ")}${ran}\n`;
}

/** `FAIL  zulip, in process › …`, the reason, and the line that runs it alone. */
export function formatFailures({ failures }: PluginSuite, call: string): string {
  return failures
    .map(({ name, title, reason }) => {
      const again = title === "" ? "" : `      again  ${call} --only ${shellQuoted(title)}\n`;
      return `FAIL  ${inline(name)}\n      ${inline(reason)}\n${again}`;
    })
    .join("");
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** `contract 1 (this binary: 1)` */
export const formatContract = ({ contract }: Pick<PluginManifest, "contract">): string =>
  `contract ${contract} (this binary: ${contractVersion})`;
