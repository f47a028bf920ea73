import { BotyardError } from "@botyard/sdk";
import { allowsBot, allowsConnection, allowsRoom, seesAll } from "../access/grants.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import { toLedgerEntry } from "../invoke/ledger.ts";
import { settleFromHistory } from "../invoke/settle.ts";
import type { EffectRow } from "../store/types.ts";
import { limitOf, newestFirst } from "./page.ts";

function covers({ principal: { grant, keyId } }: CallContext, row: EffectRow): boolean {
  if (row.scope === keyId || seesAll(grant)) return true;
  if (row.connection === null || !allowsConnection(grant, row.connection)) return false;
  if (grant.bots && (row.bot === null || !allowsBot(grant, row.connection, row.bot))) return false;
  return !grant.rooms || (row.room !== null && allowsRoom(grant, row.connection, row.room));
}

async function find(call: CallContext, id: string): Promise<EffectRow> {
  const row = await call.core.store.getEffect(id);
  if (!row || !covers(call, row)) throw new BotyardError("not_found", `the ledger has no ${id}`);
  return row;
}

const ended = (row: EffectRow): boolean => row.state === "done" || row.state === "failed";
const lookEveryMs = 100;

export const ledger: CoreHandlers<"ledger"> = {
  async "ledger.list"(input, call) {
    const limit = limitOf(input);
    const rows = await call.core.store.listEffects({
      ...(input.connection ? { connection: input.connection } : {}),
      ...(input.state ? { states: [input.state] } : {}),
      ...(input.cursor ? { before: input.cursor } : {}),
      limit: limit + 1,
    });
    const page = newestFirst(
      rows,
      limit,
      (row) => row.id,
      (row) => row,
    );
    return {
      ...page,
      items: page.items.filter((row) => covers(call, row)).map((row) => toLedgerEntry(call.core, row)),
    };
  },

  async "ledger.get"({ operation, waitMs }, call) {
    const { core } = call;
    const until = core.clock.now() + (waitMs ?? 0);
    let row = await find(call, operation);
    while (!ended(row) && core.clock.now() < until && !call.signal.aborted) {
      await core.clock.sleep(Math.min(lookEveryMs, until - core.clock.now()), call.signal).catch(() => {});
      row = await find(call, operation);
    }
    return toLedgerEntry(core, row);
  },

  async "ledger.reconcile"({ operation }, call) {
    const row = await find(call, operation);
    return toLedgerEntry(call.core, await settleFromHistory(call.core, row, call.signal));
  },
};
