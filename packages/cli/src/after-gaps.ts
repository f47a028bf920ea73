import { type Gap, isBotyardError } from "@botyard/sdk";
import { clockTime } from "./args/units.ts";
import { pause } from "./await-steps.ts";
import type { Session } from "./session.ts";

/** Commands after which a silent bot receives again. */
export const healing: ReadonlySet<string> = new Set([
  "bots.enable",
  "credentials.issue",
  "credentials.rotate",
  "credentials.enable",
  "credentials.import",
]);

const lookEveryMs = 250;
const lookForMs = 5_000;
/** A gap of a break that is not there by then does not come: the bot is disabled, or its server needs no break. */
const appearsWithinMs = 2_000;

/** Open gaps of a bot; none where no service runs, or the key may not look. */
export async function openGaps(input: Readonly<Record<string, unknown>>, session: Session): Promise<readonly Gap[]> {
  const { connection, bot } = input;
  const { url } = await session.backend();
  if (typeof connection !== "string" || typeof bot !== "string" || url === null || session.globals.quiet) return [];
  try {
    const { items } = await (await session.client()).gaps.list({ connection, state: "open" });
    return items.filter((gap) => gap.bots?.includes(bot));
  } catch (error) {
    if (isBotyardError(error)) return [];
    throw error;
  }
}

/** All gaps of a bot by now; null where no service runs, or the key may not look. */
export async function gapsBefore(
  input: Readonly<Record<string, unknown>>,
  session: Session,
): Promise<ReadonlySet<string> | null> {
  const { url } = await session.backend();
  if (typeof input["connection"] !== "string" || url === null || session.globals.quiet) return null;
  try {
    return new Set((await gapsOf(input, session)).map((gap) => gap.id));
  } catch (error) {
    if (isBotyardError(error)) return null;
    throw error;
  }
}

async function gapsOf({ connection, bot }: Readonly<Record<string, unknown>>, session: Session): Promise<Gap[]> {
  const { items } = await (await session.client()).gaps.list({ connection: String(connection), limit: 500 });
  return items.filter((gap) => gap.bots?.includes(String(bot)));
}

/** Says what became of a break that the command itself made: the gap, and rooms of it that stay lost. */
export async function followNew(
  before: ReadonlySet<string>,
  input: Readonly<Record<string, unknown>>,
  session: Session,
): Promise<void> {
  const started = Date.now();
  for (;;) {
    await pause(lookEveryMs, session.io.signal);
    const fresh = (await gapsOf(input, session)).filter((gap) => !before.has(gap.id));
    const over = Date.now() - started > (fresh.length === 0 ? appearsWithinMs : lookForMs);
    if (!over && !session.io.signal.aborted && (fresh.length === 0 || fresh.some((gap) => gap.state === "open")))
      continue;
    for (const gap of fresh) session.io.out(`${gap.rooms ? lostLine(gap) : gapLine(gap)}\n`);
    return;
  }
}

function lostLine({ id, rooms = [], reason, cause }: Gap): string {
  return `lost     ${rooms.join(", ")}: ${reason ?? cause}; recorded as ${id}`;
}

function gapLine(gap: Gap, proved?: string): string {
  const now = Date.now();
  if (gap.state === "open") return `         ${gap.id} is still open: it is filled as soon as the bot is back`;
  const span = `${clockTime(gap.from, now)}–${gap.to === null ? "" : clockTime(gap.to, now)}`;
  return `         ${proved === undefined ? "" : `${proved} · `}${gap.id} ${span} ${outcomeOf(gap)}`;
}

function outcomeOf(gap: Gap): string {
  return gap.state === "filled"
    ? `filled, ${gap.messages} ${gap.messages === 1 ? "message" : "messages"} from history`
    : `lost: ${gap.reason ?? gap.cause}`;
}

/**
 * Says for some seconds what becomes of gaps: `gap_12 02:10–02:31 filled, 6 messages from history`. `proved`: what it
 * says of a bot that its gap has come to an end.
 */
export async function followGaps(open: readonly Gap[], session: Session, proved?: string): Promise<void> {
  const waiting = new Set(open.map((gap) => gap.id));
  const [first] = open;
  const until = Date.now() + lookForMs;
  while (first && waiting.size > 0 && Date.now() < until && !session.io.signal.aborted) {
    await pause(lookEveryMs, session.io.signal);
    const { items } = await (await session.client()).gaps.list({ connection: first.connection, limit: 500 });
    for (const gap of items) {
      if (gap.state === "open" || !waiting.delete(gap.id)) continue;
      session.io.out(`${gapLine(gap, proved)}\n`);
    }
  }
  for (const id of waiting) session.note(`         ${id} is still open: ${session.options.self} gaps list`);
}
