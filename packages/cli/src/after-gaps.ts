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

/** Says for some seconds what becomes of gaps: `gap_12 02:10–02:31 filled, 6 messages from history`. */
export async function followGaps(open: readonly Gap[], session: Session): Promise<void> {
  const waiting = new Set(open.map((gap) => gap.id));
  const [first] = open;
  const until = Date.now() + lookForMs;
  while (first && waiting.size > 0 && Date.now() < until && !session.io.signal.aborted) {
    await pause(lookEveryMs, session.io.signal);
    const { items } = await (await session.client()).gaps.list({ connection: first.connection, limit: 500 });
    for (const gap of items) {
      if (gap.state === "open" || !waiting.delete(gap.id)) continue;
      const now = Date.now();
      const span = `${clockTime(gap.from, now)}–${gap.to === null ? "" : clockTime(gap.to, now)}`;
      const end =
        gap.state === "filled" ? `filled, ${gap.messages} messages from history` : `lost: ${gap.reason ?? gap.cause}`;
      session.io.out(`         ${gap.id} ${span} ${end}\n`);
    }
  }
  for (const id of waiting) session.note(`         ${id} is still open: ${session.options.self} gaps list`);
}
