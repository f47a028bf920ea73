import { BotyardError, type Gap, isBotyardError, type PluginChange } from "@botyard/sdk";
import { followGaps } from "./after-gaps.ts";
import type { Flag, ParsedArgs } from "./args/parse.ts";
import { formatAsks, formatInstalled } from "./output/plugin.ts";
import type { Session } from "./session.ts";

/** Flags of `plugins add` and `plugins update`. */
export const installFlags: readonly Flag[] = [
  { name: "downgrade", type: "boolean", summary: "Also where it is older than what is installed" },
  { name: "frozen", type: "boolean", summary: "Refuse whatever would change plugins.lock.json" },
  { name: "dry-run", type: "boolean", summary: "Only say what it is and asks for" },
];

export interface InstallCall {
  readonly dryRun?: true;
  readonly integrity?: string;
  readonly downgrade?: true;
  readonly frozen?: true;
}

function question({ downgrade, from, version }: PluginChange): string {
  if (downgrade) return `${from} is installed, and ${version} is older. Go back to it?`;
  return from === null ? "Install?" : from === version ? "Install again?" : "Update?";
}

/** A downgrade is said yes to by a person, or by the flag: `--yes` alone does not mean it. */
async function ask(plan: PluginChange, allowed: boolean, call: string, session: Session): Promise<boolean> {
  const { globals, io } = session;
  if (plan.downgrade && !allowed && (globals.yes || !io.interactive))
    throw new BotyardError(
      "conflict",
      `${plan.id} ${plan.from} is installed, and ${plan.version} is older. Nothing was changed`,
      // With both, or the next answer would ask for the other one.
      { fix: `${call} --downgrade --yes` },
    );
  await session.confirm(question(plan), call);
  return plan.downgrade;
}

/** Gaps that are open because the version before did not run, by connection. */
async function openGaps({ connections }: PluginChange, session: Session): Promise<readonly (readonly Gap[])[]> {
  const { globals } = session;
  if (connections.length === 0 || globals.json || globals.quiet || (await session.backend()).url === null) return [];
  try {
    const client = await session.client();
    const found = connections.map(async (connection) => (await client.gaps.list({ connection, state: "open" })).items);
    return (await Promise.all(found)).filter((gaps) => gaps.length > 0);
  } catch (error) {
    if (isBotyardError(error)) return [];
    throw error;
  }
}

/** What was typed, to be typed again with more: a fix that forgot `--trusted` would install something else. */
function typed(call: string, given: ReadonlyMap<string, boolean>): string {
  return [
    call,
    ...["trusted", "frozen", "downgrade"].filter((name) => given.get(name)).map((name) => `--${name}`),
  ].join(" ");
}

/**
 * Shows what a plugin asks for, asks, and installs exactly what was shown; where just that runs already there is nothing
 * to ask. `send` is `plugins.add` or `plugins.update`; `call` is the command without its flags.
 */
export async function installPlugin(
  send: (more: InstallCall) => Promise<PluginChange>,
  { booleans }: ParsedArgs,
  call: string,
  session: Session,
): Promise<number> {
  const { io, globals } = session;
  const frozen = booleans.get("frozen") ? { frozen: true as const } : {};
  const plan = await send({ ...frozen, dryRun: true });
  if (globals.json && (booleans.get("dry-run") || plan.state === "unchanged")) {
    session.json(plan);
    return 0;
  }
  if (!globals.json) io.out(formatAsks(plan));
  if (booleans.get("dry-run")) return 0;
  if (plan.state === "unchanged") {
    io.out(formatInstalled(plan, (await session.backend()).url !== null));
    return 0;
  }
  const downgrade = await ask(plan, booleans.get("downgrade") ?? false, typed(call, booleans), session);
  const gaps = await openGaps(plan, session);
  const done = await send({ ...frozen, integrity: plan.integrity, ...(downgrade ? { downgrade } : {}) });
  if (globals.json) session.json(done);
  else io.out(formatInstalled(done, (await session.backend()).url !== null));
  for (const open of gaps) await followGaps(open, session);
  return 0;
}
