import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Figure, Suite, SuiteOptions } from "../figure.ts";
import { percentile, warmUpSeconds } from "../measure.ts";
import { installAppservice, installMautrix, type Installed } from "../peers/matrix/install.ts";
import { ownCommand, type Peer, runToEnd, startPeer } from "../peers/process.ts";
import { ghosts } from "./matrix-ghosts.ts";
import { sends } from "./matrix-sends.ts";

const peers = join(import.meta.dirname, "../peers/matrix");
const rounds = 5;

interface Contender {
  readonly name: string;
  readonly peer: Peer<{ readonly url: string; readonly rooms?: readonly string[] }>;
}

/** Transactions per second, the contenders in turn, so that a change of the machine's speed hits all; medians by name. */
async function rates(
  contenders: readonly Contender[],
  load: { readonly hsToken: string; readonly connections: number; readonly events: number; readonly seconds: number },
): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number[]>();
  const measured = async ({ peer }: Contender, seconds: number): Promise<number> => {
    const { url, rooms = [] } = peer.ready;
    const args = [url, load.hsToken, load.connections, seconds, load.events, ...rooms].map(String);
    return (JSON.parse(await runToEnd(ownCommand(join(peers, "load.ts"), args))) as { rate: number }).rate;
  };
  for (const contender of contenders) await measured(contender, warmUpSeconds);
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const { name } = contender;
      seen.set(name, [...(seen.get(name) ?? []), await measured(contender, load.seconds / rounds)]);
    }
  }
  return new Map([...seen].map(([name, found]) => [name, percentile(found, 50)]));
}

async function start(installed: Installed, folder: string): Promise<Contender | string> {
  if ("missing" in installed) return installed.missing;
  try {
    return { name: installed.name, peer: await startPeer(installed.command, { cwd: folder }) };
  } catch (error) {
    const [first = ""] = String(error instanceof Error ? error.message : error).split("\n");
    return `${installed.name} did not start here: ${first.slice(0, 200)}`;
  }
}

interface Goal {
  readonly peer: Installed;
  readonly atLeast: number | null;
}

/** One row against each counterpart; where there is none the row says why. */
function rows(name: string, value: number, goals: readonly Goal[], found: ReadonlyMap<string, number>, note: string) {
  return goals.map(({ peer, atLeast }): Figure => {
    const theirs = found.get(peer.name);
    const row = { name, value, unit: "transactions/s" };
    if (theirs === undefined)
      return { ...row, note: `${peer.name} ${"missing" in peer ? peer.missing : "did not start here"}` };
    const against = { name: peer.name, value: theirs };
    return atLeast === null
      ? { ...row, against, note }
      : { ...row, against, goal: { kind: "atLeast", value: atLeast }, note };
  });
}

const what =
  "load of another process; ours decoded and in the database before the answer, theirs handed to a handler that does nothing and kept nowhere; ours keeps what is acknowledged when the process ends, however it ends (durability: normal)";

/** A homeserver has one transaction in flight; eight show what there is room for. */
const loads = [
  { events: 1, connections: 1 },
  { events: 1, connections: 8 },
  { events: 100, connections: 1 },
] as const;

/** Transactions in, against the two application service libraries with the most users. */
async function transactions({ seconds, folder }: SuiteOptions): Promise<readonly Figure[]> {
  const hsToken = randomBytes(32).toString("hex");
  const [mautrix, appservice] = [await installMautrix(hsToken), await installAppservice(hsToken)];
  const ours: Contender[] = [];
  for (const durability of ["normal", "full"]) {
    const at = join(folder, durability);
    mkdirSync(at);
    const command = ownCommand(join(peers, "botyard-peer.ts"), [at, durability, hsToken]);
    ours.push({ name: durability, peer: await startPeer(command, { cwd: process.cwd() }) });
  }
  const theirs = [await start(mautrix, folder), await start(appservice, folder)].filter(
    (each) => typeof each !== "string",
  );
  const contenders = [...ours, ...theirs];
  const figures: Figure[] = [];
  for (const { events, connections } of loads) {
    const found = await rates(contenders, { hsToken, connections, events, seconds });
    const title = `transactions of ${events} event${events > 1 ? "s" : ""}, ${connections} in flight`;
    const goals = [
      { peer: mautrix, atLeast: events === 1 ? 1 : 2 },
      // At 100 events theirs is JSON.parse and nothing else.
      { peer: appservice, atLeast: events === 1 ? 1 : null },
    ];
    figures.push(...rows(title, found.get("normal") ?? 0, goals, found, what));
    figures.push({
      name: `${title}, durability full`,
      value: found.get("full") ?? 0,
      unit: "transactions/s",
      note: "survives a power cut, the default: each turn waits for the disk",
    });
  }
  for (const { peer } of contenders) await peer.close();
  return figures;
}

/** What a Matrix homeserver brings, what is sent to one, and many ghosts. */
export const suite: Suite = {
  name: "matrix",
  run: async (options) => [...(await transactions(options)), ...(await ghosts(options)), ...(await sends(options))],
};
