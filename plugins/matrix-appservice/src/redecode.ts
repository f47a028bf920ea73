import type { EventDraft, RawIntake } from "@botyard/sdk";
import type { Context } from "./context.ts";
import { createDrafting } from "./drafting.ts";
import { planTransaction, readTransaction } from "./transactions.ts";
import { isObject } from "./wire.ts";

/**
 * A kept transaction by the code of today. What it says of rooms and reactions counts within it, and is not remembered;
 * beyond it rooms are called what they are called today. What is ephemeral has no identity, and is left out.
 */
export async function decodeKept(
  context: Pick<Context, "memory">,
  { id = "", raw }: RawIntake,
): Promise<readonly EventDraft[]> {
  const body: unknown = JSON.parse(new TextDecoder().decode(raw));
  if (!isObject(body)) return [];
  const { fresh } = planTransaction(readTransaction(id, body), { transaction: () => false, event: () => false });
  return context.memory.exclusive(async () => {
    // Nothing is stored of it, so that it does not matter whose membership changes.
    const drafting = createDrafting(context, () => false);
    const drafts: EventDraft[] = [];
    for (const event of fresh) drafts.push(await drafting.draft(event));
    return drafts;
  });
}
