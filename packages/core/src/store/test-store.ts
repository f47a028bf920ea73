import { describe } from "vitest";
import { testCrash } from "./suite/crash.ts";
import { testDeliveries } from "./suite/deliveries.ts";
import { testLedger } from "./suite/ledger.ts";
import { testLogIds } from "./suite/log-ids.ts";
import { testLogOf } from "./suite/log-of.ts";
import { testLog } from "./suite/log.ts";
import { testRaws } from "./suite/raws.ts";
import { testRecords } from "./suite/records.ts";
import type { OpenTested } from "./suite/tested.ts";

export type { OpenTested } from "./suite/tested.ts";

/**
 * What every store must do. `open` makes an empty store for each test; the suite closes it. With `outlivesProcess` the
 * store is also looked at as a killed process leaves it (`TestedStore.crash`).
 *
 * @example
 * testStore("memory", async () => ({ store: createMemoryStore() }));
 */
export function testStore(name: string, open: OpenTested, options: { readonly outlivesProcess?: boolean } = {}): void {
  describe(`store: ${name}`, () => {
    testRecords(open);
    testLog(open);
    testLogOf(open);
    testLogIds(open);
    testRaws(open);
    testLedger(open);
    testDeliveries(open);
    if (options.outlivesProcess) testCrash(open);
  });
}
